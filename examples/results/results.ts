import Database from 'libsql';
import type { HandlersOf } from 'rejoin/server';
import type { nimGame } from './rules.ts';

export interface Result {
  key: string;
  room: string;
  match: number;
  winner: string;
  loser: string;
}

/**
 * Results of matches, in a file of SQLite. An effect comes at least once: the same one again when its node died after
 * the row was written and before that was journaled. Its key is the table's, so that the second time changes nothing.
 */
export class Results {
  private readonly db: Database.Database;

  constructor(file: string) {
    this.db = new Database(file);
    this.db.pragma('journal_mode = WAL'); // several nodes of one machine may have it open
    this.db.pragma('busy_timeout = 5000');
    this.db.exec(
      'CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, room TEXT NOT NULL, match INTEGER NOT NULL, winner TEXT NOT NULL, loser TEXT NOT NULL) STRICT',
    );
  }

  /** For `effects` of createServer. When it returns, the row is there; when it throws, it is called again later. */
  readonly handlers: HandlersOf<typeof nimGame> = {
    report: ({ winner, loser }, { key, room, match }) => {
      this.db
        .prepare('INSERT INTO results VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING')
        .run(key, room, match, winner, loser);
    },
  };

  all(): Result[] {
    return this.db.prepare('SELECT key, room, match, winner, loser FROM results ORDER BY rowid').all() as Result[];
  }

  close(): void {
    this.db.close();
  }
}
