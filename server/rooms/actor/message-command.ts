import { classifyPosition, type TermStarts } from '../../../shared/position.ts';
import type { AnyGame } from '../../../shared/contract.ts';
import type { Command } from '../core/commands.ts';
import type { RoomMessage } from './messages.ts';
import type { Presence } from './presence.ts';
import { checkClientVersion } from './replies.ts';

interface Room {
  game: AnyGame;
  presence: Presence;
  terms: TermStarts;
  /** Last durable seq. */
  seq: number;
}

/** The command of a message; null if it only reads. */
export function commandOf(message: RoomMessage, room: Room): Command | null {
  switch (message.k) {
    case 'join':
      return message.watch || checkClientVersion(room.game, message)
        ? null
        : {
            kind: 'join',
            player: message.player,
            name: message.name,
            session: message.session,
            ...resumeFields(message, room),
            ...(message.noNewSeat ? { noNewSeat: message.noNewSeat } : {}),
            ...(message.profile === undefined ? {} : { profile: message.profile }),
          };
    case 'act':
      return {
        kind: 'act',
        player: message.player,
        session: message.session,
        name: message.name,
        data: message.data,
        number: message.number,
      };
    case 'serve':
      return { kind: 'serve', name: message.name, data: message.data };
    case 'leave':
      return { kind: 'leave', player: message.player, session: message.session };
    case 'disconnected':
      return room.presence.handleDisconnect(message);
    case 'ensure-owner':
    case 'inspect':
    case 'view':
    case 'dump':
    case 'rerun':
      return null;
  }
}

/** Whether a join resumes an earlier hold, and whether the entries in which that hold began were lost. */
function resumeFields(
  { resume, place }: RoomMessage & { k: 'join' },
  { terms, seq }: Room,
): { resume?: boolean; forgotten?: boolean } {
  if (!resume) return {};
  return { resume, forgotten: place !== null && classifyPosition(place, terms, seq) === 'lost' };
}
