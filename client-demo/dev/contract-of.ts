import type { Contract, ContractDef, Schema } from '../../shared/contract.ts';
import type { GameDescription } from '../../shared/dev-protocol.ts';

/** Accepts everything: the server validates. */
const passThroughSchema: Schema = { '~standard': { version: 1, vendor: 'rejoin-dev', validate: value => ({ value }) } };
const passThroughSchemas = (names: object) =>
  Object.fromEntries(Object.keys(names).map(name => [name, passThroughSchema]));

/** The part of a contract that the SDK needs, from the server's description of a game that this page does not know. */
export function contractOf(game: GameDescription): Contract {
  const def: ContractDef = {
    version: game.version,
    seats: game.seats,
    state: {},
    actions: passThroughSchemas(game.actions),
    events: passThroughSchemas(game.events),
    signals: passThroughSchemas(game.signals),
    inputs: Object.fromEntries(
      Object.entries(game.inputs).map(([name, { kind }]) => [
        name,
        kind === 'held' ? { kind, schema: passThroughSchema } : { kind },
      ]),
    ),
    ...(game.tick === null ? {} : { tick: { hz: game.tick } }),
  };
  return {
    name: game.name,
    def,
    rules: () => {
      throw new Error("the rules are the server's");
    },
  };
}
