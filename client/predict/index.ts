/**
 * Hides network delay: predicts the player's own actions and interpolates other players. A separate entry, so that
 * pages that do not use it do not load it.
 * @module rejoin/predict
 */
export { NotPredictableError, type GuessedBy, type GuessedTick, type Guesses } from './prediction-rules.ts';
export { interpolate, Interpolation, type InterpolationOptions, type Seen } from './interpolation.ts';
export { Own, predictOwn, type OwnOptions, type OwnSeen } from './own-prediction.ts';
export { predict, Prediction } from './prediction.ts';
export { interpolateReplay, ReplayInterpolation } from './replay-interpolation.ts';
export type { Motion, Moving } from './things.ts';
