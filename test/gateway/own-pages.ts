import { Origins } from '../../server/gateway/origins.ts';

/** Only the server's own pages may connect. */
export const ownPages = (): Origins => new Origins({ origins: [], hostOf: ({ headers }) => headers.host, dev: false });
