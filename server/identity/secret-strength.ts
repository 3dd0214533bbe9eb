/** What share of its three-character pieces a random secret never repeats. */
const minDistinctShare = 2 / 3;
/** From which share on it is no chance that a step between two characters is the same as the one before. */
const maxRepeatedStepShare = 1 / 2;

/**
 * Why a secret or token is too easy to guess; null: it is not. A random one always passes; one letter repeated, a word
 * repeated and an alphabet do not.
 * @param least how many bytes it needs
 */
export function weaknessOf(secret: string, minBytes: number): string | null {
  if (new TextEncoder().encode(secret).length < minBytes) return `at least ${minBytes} characters`;
  const pieces = secret.length - 2;
  const distinct = new Set(Array.from({ length: pieces }, (_x, i) => secret.slice(i, i + 3))).size;
  const steps = Array.from({ length: secret.length - 1 }, (_x, i) => secret.charCodeAt(i + 1) - secret.charCodeAt(i));
  const repeatedSteps = steps.filter((step, i) => step === steps[i - 1]).length;
  if (distinct < pieces * minDistinctShare || repeatedSteps > steps.length * maxRepeatedStepShare)
    return 'has a repeated or counting pattern: generate a random one, such as `openssl rand -base64 32`';
  return null;
}
