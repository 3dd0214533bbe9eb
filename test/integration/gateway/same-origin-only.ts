import { OriginPolicy } from '../../../server/gateway/origin-policy.ts';

/** Only the server's own pages may connect. */
export const sameOriginOnly = (): OriginPolicy =>
  new OriginPolicy({ origins: [], hostOf: ({ headers }) => headers.host, dev: false });
