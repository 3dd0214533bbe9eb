import express, { type Router } from 'express';
import { isId } from '../../shared/ids.ts';
import { makeRefusal } from '../../shared/refusals.ts';
import { ServerRoomError, type ServerRooms } from '../node/server-rooms.ts';

/** Routes for operators: list quarantined rooms and release them. Must be mounted behind a token. */
export function createOperatorRouter(rooms: ServerRooms): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router.get('/quarantined', async (_req, res) => {
    try {
      res.json({ rooms: await rooms.quarantined() });
    } catch (error) {
      if (!(error instanceof ServerRoomError)) throw error;
      res.status(503).json(makeRefusal('unavailable'));
    }
  });
  router.post('/rooms/:id/release', async (req, res) => {
    if (!isId(req.params.id)) return void res.status(404).json(makeRefusal('room-missing'));
    try {
      await rooms.release(req.params.id);
      res.json({ ok: true });
    } catch (error) {
      if (!(error instanceof ServerRoomError)) throw error;
      res
        .status(statusOf(error.code))
        .json({ ok: false, code: error.code, ...(error.detail ? { detail: error.detail } : {}) });
    }
  });
  return router;
}

const statusOf = (code: string): number => (code === 'room-missing' ? 404 : code === 'room-quarantined' ? 409 : 503);
