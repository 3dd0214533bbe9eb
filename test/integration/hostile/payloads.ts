import type { Draw } from './draw.ts';
import { key, number, string, value } from './values.ts';

/** What an attacker knows of the world: more than one could. */
export interface AttackerKnowledge {
  /** Rooms of honest players, their codes, their members and the sessions by which they hold their seats. */
  rooms: string[];
  codes: string[];
  players: string[];
  sessions: string[];
  /** The attacker's own room, once it has one. */
  own: string[];
  games: readonly string[];
}

type Fields = Record<string, string>;

const room = (draw: Draw, known: AttackerKnowledge): string =>
  JSON.stringify(
    draw.chance(0.6) && known.own.length > 0
      ? draw.pick(known.own)
      : draw.chance(0.9)
        ? draw.pick(known.rooms)
        : draw.pick(['__proto__', 'constructor', 'nowhere', 'x'.repeat(64)]),
  );
const game = (draw: Draw, known: AttackerKnowledge): string => JSON.stringify(draw.pick(known.games));
const small = (draw: Draw): string => String(draw.between(0, 9));
const term = (draw: Draw): string => (draw.chance(0.5) ? '1838387200000778' : number(draw));
const place = (draw: Draw): string => `[${term(draw)},${draw.chance(0.7) ? String(draw.below(400)) : number(draw)}]`;
const actions = [
  'drop',
  'add',
  'bid',
  'challenge',
  '$ready',
  '$rematch',
  '$start',
  '$bot',
  '$kick',
  '$host',
  '$team',
  '$profile',
  '$leave',
  '$end',
  '$close',
  '$nothing',
  'toString',
  'constructor',
  '__proto__',
];
const optional = (draw: Draw, fields: Fields, name: string, text: () => string): void => {
  if (draw.chance(0.4)) fields[name] = text();
};

const data = (draw: Draw, known: AttackerKnowledge): string =>
  draw.pick([
    () => `{"column":${small(draw)}}`,
    () => `{"k":${number(draw)}}`,
    () => `{"count":${small(draw)},"face":${small(draw)}}`,
    () => '{}',
    () => `{"seat":${small(draw)}}`,
    () => `{"player":${JSON.stringify(draw.pick(known.players))}}`,
    () => `{"yes":${value(draw, 4)}}`,
    () => `{"team":${number(draw)}}`,
    () => `{"ranking":[[${small(draw)}]]}`,
    () => value(draw),
  ])();

/** Requests and sayings as a client would make them, by event: the values as JSON text. */
const skeletons: Record<string, (draw: Draw, known: AttackerKnowledge) => Fields> = {
  create(draw, known) {
    const fields: Fields = { game: game(draw, known) };
    optional(draw, fields, 'options', () =>
      draw.pick([
        '{}',
        '{"turnSeconds":0}',
        '{"dice":2}',
        '{"rounds":1,"seconds":20}',
        `{"turnSeconds":${number(draw)}}`,
        value(draw, 3),
      ]),
    );
    optional(draw, fields, 'private', () => 'true');
    optional(draw, fields, 'bots', () => small(draw));
    optional(draw, fields, 'key', () => JSON.stringify(draw.pick(known.sessions)));
    return fields;
  },
  join(draw, known) {
    const fields: Fields = {};
    const by = draw.below(10);
    if (by < 6) fields['room'] = room(draw, known);
    else if (by < 8) fields['code'] = draw.chance(0.5) ? JSON.stringify(draw.pick(known.codes)) : string(draw);
    else fields['quick'] = `{"game":${game(draw, known)}}`;
    optional(draw, fields, 'watch', () => draw.pick(['true', 'false']));
    optional(draw, fields, 'session', () => JSON.stringify(draw.pick(known.sessions)));
    optional(draw, fields, 'place', () => place(draw));
    optional(draw, fields, 'whole', () => 'true');
    optional(draw, fields, 'game', () => game(draw, known));
    optional(draw, fields, 'profile', () => draw.pick(['{"colour":"mint"}', '{"colour":"puce"}', value(draw, 3)]));
    return fields;
  },
  act(draw, known) {
    const fields: Fields = {
      room: room(draw, known),
      name: JSON.stringify(draw.pick(actions)),
      data: data(draw, known),
    };
    if (draw.chance(0.6)) {
      fields['n'] = draw.chance(0.7) ? small(draw) : number(draw);
      fields['term'] = term(draw);
    }
    if (draw.chance(0.2))
      Object.assign(fields, {
        player: JSON.stringify(draw.pick(known.players)),
        session: JSON.stringify(draw.pick(known.sessions)),
        seat: small(draw),
      });
    return fields;
  },
  place: (draw, known) => ({
    rooms: `{${Array.from({ length: draw.pick([0, 1, 2, 9, 40]) }, () => `${room(draw, known)}:${place(draw)}`).join(',')}}`,
  }),
  leave: (draw, known) => ({ room: room(draw, known) }),
  list: (draw, known): Fields => (draw.chance(0.5) ? {} : { game: game(draw, known) }),
  inspect: (draw, known) => ({ room: room(draw, known) }),
  input(draw, known) {
    const fields: Fields = { room: room(draw, known), n: draw.chance(0.6) ? String(draw.below(1_000)) : number(draw) };
    optional(draw, fields, 'after', () => number(draw));
    optional(draw, fields, 'hold', () =>
      draw.pick([
        `{"steer":{"x":${number(draw)},"y":1}}`,
        '{"steer":{"x":1,"y":1}}',
        `{${key(draw)}:${value(draw, 3)}}`,
        value(draw, 2),
      ]),
    );
    optional(draw, fields, 'press', () =>
      draw.pick(['{"dash":1}', `{"dash":${number(draw)}}`, `{${key(draw)}:1}`, value(draw, 2)]),
    );
    return fields;
  },
  i: (draw): Fields => ({
    number: draw.pick(['1', '2', '9', number(draw)]),
    n: draw.chance(0.6) ? String(draw.below(1_000)) : number(draw),
    hold: draw.pick(['0', '{"steer":{"x":1,"y":1}}', value(draw, 2)]),
    press: draw.pick(['0', '{"dash":1}', value(draw, 2)]),
    after: draw.pick(['0', number(draw)]),
  }),
  signal: (draw, known) => ({
    room: room(draw, known),
    name: draw.pick(['"emote"', '"emote"', '"toString"', string(draw)]),
    data: draw.pick(['"gg"', '"nice"', value(draw)]),
  }),
};

export const events = Object.keys(skeletons);

/** An event and its payload as JSON text: valid, or valid but for one to three changes, or anything. */
export function payload(draw: Draw, known: AttackerKnowledge): { event: string; text: string } {
  const event = draw.pick(events);
  if (draw.chance(0.08)) return { event, text: value(draw) };
  const entries = Object.entries(skeletons[event]!(draw, known)).map(([name, text]) => ({
    name: JSON.stringify(name),
    text,
  }));
  const changes = draw.chance(0.45) ? 0 : draw.between(1, 3);
  for (let i = 0; i < changes; i++) {
    const at = draw.below(Math.max(1, entries.length));
    switch (draw.below(5)) {
      case 0:
        if (entries[at]) entries[at].text = value(draw);
        break;
      case 1:
        entries.splice(at, 1);
        break;
      case 2:
        entries.push({ name: entries[at]?.name ?? '"room"', text: value(draw) });
        break; // the same key twice
      case 3:
        entries.push({ name: key(draw), text: value(draw) });
        break;
      default:
        if (entries[at]) entries[at].name = key(draw);
    }
  }
  if (event === 'i') return { event, text: `[${entries.map(e => e.text).join(',')}]` };
  return { event, text: `{${entries.map(e => `${e.name}:${e.text}`).join(',')}}` };
}
