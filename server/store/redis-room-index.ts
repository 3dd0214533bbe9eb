import type { RoomSummary } from '../../shared/protocol.ts';
import type { RedisAccess } from './redis-access.ts';
import type { RedisKeys } from './redis-keys.ts';
import type { IndexedPage, OccupiedPage, QuarantinedRoom, RoomIndexRecord } from './store.ts';

/** Reads the indexes of all rooms. Rooms that have expired are skipped; the script `sweep` removes them. */
export class RedisRoomIndex {
  constructor(
    private readonly access: RedisAccess,
    private readonly keys: RedisKeys,
  ) {}

  async list(game: string | null, most: number): Promise<RoomSummary[]> {
    const found: RoomSummary[] = [];
    for (let from = `(${game ?? ''}}`; found.length < most;) {
      const members = await this.access.read(client =>
        client.zRange(this.keys.listed, from, `[${game ?? ''}|`, {
          BY: 'LEX',
          REV: true,
          LIMIT: { offset: 0, count: most - found.length },
        }),
      );
      found.push(...(await this.summaries(members.map(member => member.slice(member.lastIndexOf('|') + 1)))));
      if (members.length === 0) break;
      from = `(${members.at(-1)!}`;
    }
    return found;
  }

  /** Summaries of the rooms that still exist; `sweep` removes the others. */
  private async summaries(ids: string[]): Promise<RoomSummary[]> {
    if (ids.length === 0) return [];
    const [texts, there] = await this.access.read(client =>
      Promise.all([
        client.hmGet(this.keys.summaries, ids),
        Promise.all(ids.map(id => client.exists(this.keys.meta(id)))),
      ]),
    );
    return texts.flatMap((text, i) =>
      text !== null && text !== undefined && there[i] !== 0 ? [JSON.parse(text) as RoomSummary] : [],
    );
  }

  async due(at: number, most: number, skip = 0): Promise<{ id: string; at: number }[]> {
    const late = await this.access.read(client =>
      client.zRangeWithScores(this.keys.due, '-inf', at, {
        BY: 'SCORE',
        LIMIT: { offset: skip, count: most },
      }),
    );
    const there = await this.access.read(client =>
      Promise.all(late.map(({ value }) => client.exists(this.keys.meta(value)))),
    );
    const gone = late.filter((_l, i) => there[i] === 0).map(l => l.value);
    if (gone.length > 0) {
      await this.access.read(client => client.zRem(this.keys.due, gone));
      return this.due(at, most, skip); // the removed ones no longer count in `skip`
    }
    return late.map(({ value, score }) => ({ id: value, at: score }));
  }

  /** Rooms by a term of their index records. */
  async indexed(term: string, after: string, most: number): Promise<IndexedPage> {
    const { access, keys } = this;
    const members = await access.read(client =>
      client.zRange(keys.terms, after === '' ? `[${term}|` : `(${term}|${after}`, `(${term}}`, {
        BY: 'LEX',
        LIMIT: { offset: 0, count: most },
      }),
    );
    const ids = members.map(member => member.slice(term.length + 1));
    if (ids.length === 0) return { rooms: [], next: null };
    const [records, there] = await access.read(client =>
      Promise.all([client.hmGet(keys.indexed, ids), Promise.all(ids.map(id => client.exists(keys.meta(id))))]),
    );
    // The script `sweep` removes expired rooms, too, but not those that a node of an older build has removed.
    const gone = ids.filter((_id, i) => there[i] === 0);
    await Promise.all(gone.map(id => access.runScript('unindex', [keys.meta(id), keys.terms, keys.indexed], [id])));
    return {
      rooms: ids.flatMap((id, i) => {
        const record = records[i];
        return typeof record === 'string' && there[i] !== 0
          ? [{ id, text: (JSON.parse(record) as RoomIndexRecord).text }]
          : [];
      }),
      next: ids.length < most ? null : ids.at(-1)!,
    };
  }

  async occupied(after: string, most: number): Promise<OccupiedPage> {
    const ids = await this.access.read(client =>
      client.zRange(this.keys.occupied, after === '' ? '-' : `(${after}`, '+', {
        BY: 'LEX',
        LIMIT: { offset: 0, count: most },
      }),
    );
    const metas = await this.access.read(client =>
      Promise.all(ids.map(id => client.hmGet(this.keys.meta(id), ['node', 'seq']))),
    );
    // The script `sweep` removes expired rooms from the index.
    const rooms = ids.flatMap((id, i) =>
      typeof metas[i]![1] === 'string' ? [{ id, node: metas[i]![0] ?? null }] : [],
    );
    return { rooms, next: ids.length < most ? null : ids.at(-1)! };
  }

  async quarantined(most: number): Promise<QuarantinedRoom[]> {
    const lines = Object.entries(await this.access.read(client => client.hGetAll(this.keys.quarantined)));
    const metas = await this.access.read(client =>
      Promise.all(lines.map(([id]) => client.hmGet(this.keys.meta(id), ['code', 'game']))),
    );
    // Rooms expire without removing their fields here; readers remove them.
    const gone = lines.filter((_l, i) => typeof metas[i]![0] !== 'string').map(([id]) => id);
    if (gone.length > 0) await this.access.read(client => client.hDel(this.keys.quarantined, gone));
    return lines
      .flatMap(([id, text], i) => {
        const [code, game] = metas[i]!;
        return typeof code === 'string' && typeof game === 'string'
          ? [
              {
                id,
                code,
                game: game.slice(0, game.lastIndexOf('@')),
                ...(JSON.parse(text) as { why: string; since: number }),
              },
            ]
          : [];
      })
      .sort((a, b) => a.since - b.since)
      .slice(0, most);
  }
}
