/**
 * Whether a server runs in dev mode, in which hidden state is accessible.
 * @throws TypeError in production: a forgotten setting must not expose hidden state to all players
 */
export function resolveDevMode(isRequested: boolean | undefined, environment: string | undefined): boolean {
  if (isRequested && environment === 'production')
    throw new TypeError('dev: not allowed when NODE_ENV is production, because it shows hidden state to everyone');
  return isRequested ?? false;
}
