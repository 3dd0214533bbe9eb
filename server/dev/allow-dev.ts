/**
 * Whether a server goes into dev mode, where everything that games hide lies open.
 * @throws TypeError in production: one forgotten setting must not show all hands to all players
 */
export function allowDev(asked: boolean | undefined, environment: string | undefined): boolean {
  if (asked && environment === 'production') throw new TypeError('dev: refused where NODE_ENV is production, since it shows to everybody what games hide');
  return asked ?? false;
}
