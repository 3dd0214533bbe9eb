/** The project cannot be created; the message tells the user why, and what to do. */
export class CreateError extends Error {
  override readonly name = 'CreateError';
}
