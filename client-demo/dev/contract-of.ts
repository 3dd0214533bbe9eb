import type { Contract, ContractDef, Schema } from '../../shared/contract.ts';
import type { GameDescription } from '../../shared/dev-protocol.ts';

/** Takes anything: only the server judges what is sent. */
const passThroughSchema: Schema = { '~standard': { version: 1, vendor: 'rejoin-dev', validate: value => ({ value }) } };
const passThroughSchemas = (names: object) =>
  Object.fromEntries(Object.keys(names).map(name => [name, passThroughSchema]));

/** As much of a contract as the SDK needs, from what the server says of a game that this page has never heard of. */
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
