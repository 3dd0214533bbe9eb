// Colyseus as its documentation has it: rooms with a schema state. The simulation runs before the patch of the same 50
// ms, so
// that each patch carries exactly one tick. A move is a request that is replied to, and its change is sent at once, not
// with
// the next patch.
import { Room, Server } from '@colyseus/core';
import { ArraySchema, MapSchema, schema, StateView, t } from '@colyseus/schema';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { burn, hz, move, players, start } from '../../dist/run/bench/work/arena.js';
import { cells, isMove, play, players as movers } from '../../dist/run/bench/work/moves.js';

const Craft = schema({ x: t.uint16(), y: t.uint16(), heading: t.uint8() }, 'Craft');
const HidingCraft = schema(
  { x: t.uint16(), y: t.uint16(), heading: t.uint8(), fuel: t.uint16().view() },
  'HidingCraft',
);
const Views = schema({ tick: t.uint32(), crafts: t.map(HidingCraft) }, 'Views');
const Arena = schema({ tick: t.uint32(), crafts: t.map(Craft) }, 'Arena');
const Board = schema({ total: t.uint32(), last: t.array('uint32'), cells: t.array('uint8') }, 'Board');

class ArenaRoom extends Room {
  patchRate = null;
  game = 'arena';
  onCreate() {
    this.state = (this.game === 'views' ? new Views() : new Arena()).assign({ tick: 0, crafts: new MapSchema() });
    this.steers = new Map();
    this.onMessage('input', (client, steer) => {
      this.steers.set(client.sessionId, steer);
    });
  }
  onJoin(client, { watch }) {
    if (watch) return;
    const craft = this.newCraft();
    this.state.crafts.set(client.sessionId, craft);
    this.seated(client, craft);
    this.steers.set(client.sessionId, null);
    if (this.state.crafts.size === players[this.game]) this.begin();
  }
  newCraft() {
    return new Craft().assign(start(this.state.crafts.size));
  }
  seated() {}
  begin() {
    this.setTimestep(() => {
      this.state.tick += 1;
      this.state.crafts.forEach((craft, id) => this.step(craft, this.steers.get(id)));
    }, 1000 / hz);
    this.patchRate = 1000 / hz;
  }
  step(craft, steer) {
    move(craft, steer);
  }
}

class BigRoom extends ArenaRoom {
  game = 'big';
}

// Each player has a view, to which its own craft was added: only there is a field with .view() seen.
class ViewsRoom extends ArenaRoom {
  game = 'views';
  newCraft() {
    return new HidingCraft().assign({ ...start(this.state.crafts.size), fuel: 0 });
  }
  seated(client, craft) {
    client.view = new StateView();
    client.view.add(craft);
  }
  step(craft, steer) {
    move(craft, steer);
    craft.fuel = burn(craft.fuel, craft);
  }
}

class MovesRoom extends Room {
  maxClients = movers;
  // What changes is sent at once: this one has nothing to find.
  patchRate = 1_000;
  onCreate() {
    const zeros = n => new ArraySchema(...Array.from({ length: n }, () => 0));
    this.state = new Board().assign({ total: 0, last: zeros(movers), cells: zeros(cells) });
    this.seats = new Map();
    this.onMessage('move', (client, m) => {
      if (!isMove(m)) return false;
      play(this.state, this.seats.get(client.sessionId), m);
      this.broadcastPatch();
      return true;
    });
  }
  onJoin(client) {
    this.seats.set(client.sessionId, this.seats.size);
  }
}

const server = new Server({ transport: new WebSocketTransport({ perMessageDeflate: false }), greet: false });
server.define('arena', ArenaRoom);
server.define('big', BigRoom);
server.define('views', ViewsRoom);
server.define('moves', MovesRoom);
await server.listen(Number(process.env.PORT), '127.0.0.1');
