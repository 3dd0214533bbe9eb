import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RejoinError } from '../../../shared/errors.ts';
import { weaknessOf } from '../../identity/secret-strength.ts';
import type { DatabaseFailure } from './operations.ts';

/** The data folder or the file in it cannot be used; the message says what to change. */
export class DataFolderError extends RejoinError {
  override readonly name = 'DataFolderError';
  override readonly code = 'data-folder-unusable';

  constructor(
    message: string,
    /** `in-use`: another process uses the folder, and may end. `unusable`: someone has to change something. */
    readonly reason: 'in-use' | 'unusable' = 'unusable',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What to do instead, for messages. */
const otherwise =
  "Choose another folder (DATA_DIR, or `store: { folder }`), or keep rooms in memory (STORE=memory, or `store: 'memory'`)";

/** The folder in which a node without Redis keeps its rooms and the secret of its guests' tokens. */
export class DataFolder {
  readonly path: string;
  /** The database. */
  readonly file: string;

  /** Creates the folder if it does not exist. @throws DataFolderError */
  constructor(path: string) {
    this.path = resolve(path);
    this.file = join(this.path, 'rejoin.db');
    this.attempt('created', () => mkdirSync(this.path, { recursive: true, mode: 0o700 }));
    // SQLite gives its log the permissions of the file. The file holds hidden states.
    this.attempt('written', () => closeSync(openSync(this.file, 'a', 0o600)));
    this.syncFolder();
  }

  /**
   * Reads the secret that signs guests' tokens, or creates it, readable by this user alone. Called while the database is
   * locked, so that no other process does the same.
   * @throws DataFolderError
   */
  secret(create: () => string): string {
    const file = join(this.path, 'secret');
    try {
      const secret = readFileSync(file, 'utf8').trim();
      const weakness = weaknessOf(secret, 32);
      if (weakness !== null)
        throw new DataFolderError(
          `The secret in ${file} cannot be used: ${weakness}. Restore it, or remove the file: then guests' tokens are void, and guests lose their seats.`,
        );
      return secret;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        if (error instanceof DataFolderError) throw error;
        throw this.errorOf('read', error);
      }
    }
    const secret = create();
    this.attempt('written', () => {
      const handle = openSync(`${file}.new`, 'w', 0o600);
      try {
        writeSync(handle, `${secret}\n`);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(`${file}.new`, file);
    });
    this.syncFolder();
    return secret;
  }

  /** Makes new files durable. Not every system can sync a folder. */
  private syncFolder(): void {
    try {
      const handle = openSync(this.path, 'r');
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    } catch {
      /* as above */
    }
  }

  private attempt(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      throw this.errorOf(what, error);
    }
  }

  private errorOf(what: string, error: unknown): DataFolderError {
    return new DataFolderError(
      `The data folder ${this.path} cannot be ${what}: ${(error as Error).message}. ${otherwise}.`,
      'unusable',
      {
        cause: error,
      },
    );
  }

  /** Explains why the database was not opened. */
  explain({ code, message }: DatabaseFailure): DataFolderError {
    const { file } = this;
    const text = () => {
      switch (code) {
        case 'SQLITE_BUSY':
          return `${file} is in use by another process. One node runs on a file: stop the other process, or use Redis for several nodes. ${otherwise}.`;
        case 'FORMAT':
          return `${message}. ${otherwise}.`;
        case 'SQLITE_NOTADB':
        case 'SQLITE_CORRUPT':
          return `${file} is damaged or no database (${message}). Restore a copy of the folder, or move the file away to start without its rooms.`;
        case 'SQLITE_FULL':
          return `The disk of ${file} is full. Free some space, or choose another folder (DATA_DIR, or \`store: { folder }\`).`;
        case 'SQLITE_READONLY':
        case 'SQLITE_PERM':
        case 'SQLITE_CANTOPEN':
          return `${file} cannot be written (${message}). ${otherwise}.`;
        default:
          return `${file} cannot be opened: ${message}. ${otherwise}.`;
      }
    };
    return new DataFolderError(text(), code === 'SQLITE_BUSY' ? 'in-use' : 'unusable');
  }
}
