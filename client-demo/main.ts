import { connect } from '../client/index.ts';
(globalThis as unknown as { client: unknown }).client = connect(location.origin);
