import { useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { useCell } from '../common/cell.ts';
import { canShare, copyText } from '../common/clipboard.ts';
import { originForOthers } from '../session/config.ts';
import { linkTo } from '../session/route.ts';
import type { PageSession } from '../session/page-session.ts';
import { Qr } from './qr.tsx';

interface InviteProps {
  session: PageSession;
  room: Room;
  /** Null if already done, or not applicable. */
  onBoth: (() => void) | null;
  onBot?: (() => void) | null;
}

/** Ways to fill a free seat: code, link, QR code, a second player at this device, or a bot. */
export function Invite({ session, room, onBoth, onBot = null }: InviteProps) {
  const origin = originForOthers(useCell(session.config));
  const link = linkTo({ page: 'code', code: room.code }, origin ?? location.origin);
  const [said, setSaid] = useState('');

  async function copy(): Promise<void> {
    setSaid((await copyText(link)) ? 'Link copied' : 'Select the link and copy it');
    setTimeout(() => setSaid(''), 2_500);
  }

  return (
    <section class="invite" aria-label="Invite somebody">
      <div class="invite-text">
        <h2>Sit down here with</h2>
        <p class="code" data-testid="code" aria-label={`Code ${[...room.code].join(' ')}`}>
          {[...room.code].map((letter, i) => (
            <span key={i}>{letter}</span>
          ))}
        </p>
        <p class="invite-link">
          <a href={link} data-testid="link">
            {link.replace(/^https?:\/\//, '')}
          </a>
        </p>
      </div>
      {origin === null ? (
        <p class="invite-noqr soft">
          For a phone in your network, open the address that the server printed when it started.
        </p>
      ) : (
        <Qr text={link} />
      )}
      <div class="row">
        <button type="button" class="button" onClick={() => void copy()}>
          {said || 'Copy link'}
        </button>
        {canShare() && (
          <button
            type="button"
            class="button"
            onClick={() => void navigator.share({ title: 'Rejoin', url: link }).catch(() => {})}
          >
            Share…
          </button>
        )}
        {onBot && (
          <button type="button" class="button" data-testid="add-bot" onClick={onBot}>
            Play a bot
          </button>
        )}
        {onBoth && (
          <button type="button" class="button" onClick={onBoth}>
            Play both seats
          </button>
        )}
      </div>
      <p class="unseen" role="status">
        {said}
      </p>
    </section>
  );
}
