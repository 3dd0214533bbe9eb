/**
 * Whether this run also does what is too slow for every change (`test/run.ts --thorough`); elsewhere a representative
 * part of it is run.
 */
export const thorough = process.env['REJOIN_THOROUGH'] === '1';
