import Database from 'libsql';
import type { HandlersOf } from 'rejoin/server';
import type { nimGame } from './rules.ts';

export interface Result {
  key: string;
  room: string;
  match: number;
  /** Player ids. */
  winner: string;
  loser: string;
}

/**
 * Match results in a SQLite file. An effect is executed at least once: again if its node died after writing the row but
 * before the journal recorded it. The effect's key is the primary key, so the second time changes nothing.
 */
export class Results {
  private readonly db: Database.Database;

  constructor(file: string) {
    this.db = new Database(file);
    this.db.pragma('journal_mode = WAL'); // several nodes on one machine may open it
    this.db.pragma('busy_timeout = 5000');
    this.db.exec(
      'CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, room TEXT NOT NULL, match INTEGER NOT NULL, winner TEXT NOT NULL, loser TEXT NOT NULL) STRICT',
    );
  }

  /** For `effects` of createServer. If it throws, it is called again later. */
  readonly handlers: HandlersOf<typeof nimGame> = {
    report: ({ winner, loser }, { key, room, match, players }) => {
      this.db
        .prepare('INSERT INTO results VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING')
        .run(key, room, match, players[winner], players[loser]);
    },
  };

  all(): Result[] {
    return this.db.prepare('SELECT key, room, match, winner, loser FROM results ORDER BY rowid').all() as Result[];
  }

  close(): void {
    this.db.close();
  }
}
