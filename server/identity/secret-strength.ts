/** Minimum share of distinct three-character substrings; random secrets exceed it. */
const minDistinctShare = 2 / 3;
/** Maximum share of equal consecutive character differences; random secrets stay below it. */
const maxRepeatedStepShare = 1 / 2;

/**
 * Why a secret or token is too easy to guess; null: it is not. Random ones pass; repeated letters or words and
 * alphabets do not.
 * @param minBytes minimum length
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
