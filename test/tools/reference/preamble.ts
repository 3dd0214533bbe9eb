/**
 * What the examples of the API reference, and of the documents, find there: a page, an app, a room. `examples.ts` makes
 * it global for them.
 */
import type { Server as HttpServer } from 'node:http';
import type { Express } from 'express';
import type { Client, Room } from 'rejoin/client';
import type { ActionCtx, StateOf } from 'rejoin/contract';
import type { GuessedTick, Motion } from 'rejoin/predict';
import type { ReplayRoom } from 'rejoin/replay';
import type { RunningServer } from 'rejoin/server';
import type { Server } from 'socket.io';
import { nim, race, ships, type Flight, type Ship } from './games.ts';

export * from './games.ts';
type Race = typeof race.def;
type Ships = typeof ships.def;

// a page
export declare const url: string;
export declare const client: Client;
export declare const room: Room<Race>;
export declare const replayed: ReplayRoom<Race>;
export declare const flight: ReplayRoom<Ships>;
export declare const banner: HTMLElement;
export declare const slider: HTMLInputElement;
export declare const again: HTMLButtonElement;
export declare const signOut: HTMLButtonElement;
export declare const session: { readonly accessToken: string; refresh(): Promise<string> };
export declare const draw: (what: unknown) => void;
export declare const drawShip: (seat: number, ship: Ship) => void;
export declare const cheer: (text: string) => void;
export declare const count: (what: string) => void;
export declare const Track: (props: { at: readonly number[]; onStep(by: number): unknown }) => null;
export declare const motion: Motion<Flight, Ship>;
export declare const fly: (s: Flight, ctx: GuessedTick<Ships>) => void;
export declare const move: (ship: Ship, steer: { x: number; y: number } | null) => void;

/** As Vite has it while it reloads modules. */
declare global {
  interface ImportMeta {
    readonly hot?: { readonly data: { client?: Client } };
  }
}

// rules
export declare const s: StateOf<Race>;
export declare const ctx: ActionCtx<Race> & Pick<ActionCtx<typeof nim.def>, 'effects'>;

// an app
export declare const server: RunningServer;
export declare const http: HttpServer;
export declare const io: Server;
export declare const app: Express;
export declare const secret: string;
export declare const id: string;
export declare const db: { insert(key: string, row: unknown): Promise<void> };
export declare const sqlite: {
  prepare(sql: string): { run(...values: (string | number | null | undefined)[]): unknown };
};
export declare const sessions: { find(cookie: string | undefined): Promise<{ id: number; name: string } | null> };
