/**
 * Shows a game as if there were no network: what a player does at once, what others do evenly. Apart from
 * `rejoin/client`, so that who has no use for it does not load it.
 * @module rejoin/predict
 */
export { NotPredictableError, type GuessedBy, type GuessedTick, type Guesses } from './prediction-rules.ts';
export { interpolate, Interpolation, type InterpolationOptions, type Seen } from './interpolation.ts';
export { Own, predictOwn, type OwnOptions, type OwnSeen } from './own-prediction.ts';
export { predict, Prediction } from './prediction.ts';
export { interpolateReplay, ReplayInterpolation } from './replay-interpolation.ts';
export type { Motion, Moving } from './things.ts';
