/**
 * Whether a server goes into dev mode, where everything that games hide lies open.
 * @throws TypeError in production: one forgotten setting must not show all hands to all players
 */
export function resolveDevMode(isRequested: boolean | undefined, environment: string | undefined): boolean {
  if (isRequested && environment === 'production')
    throw new TypeError('dev: not allowed when NODE_ENV is production, because it shows hidden state to everyone');
  return isRequested ?? false;
}
