/** The secrets that a deployment needs, and where missing ones come from. */
import crypto from "node:crypto";

/** The fleet's own key, with all scopes. */
export const keyName = "FLEET_API_KEY";

/** A secret of one Worker. */
export interface SecretName {
  worker: "producer" | "consumer";
  name: string;
}

export type Source =
  /** From the environment of the deploy. */
  | { kind: "environment"; value: string }
  /** Generated here and shown once. */
  | { kind: "generated"; value: string }
  /** Only the operator has it: until it is set, everything that needs it is denied. */
  | { kind: "missing" };

/**
 * The fleet's own key, the key of the endpoint if the consumer's vars name one, and the credentials that the
 * shipped policies inject or sign with.
 */
export function requiredSecrets(
  policySecrets: readonly string[],
  consumerVars: unknown,
): SecretName[] {
  const credentials = policySecrets.map(
    (name): SecretName => ({ worker: "consumer", name: `SECRET_${name}` }),
  );
  const secrets: SecretName[] = [{ worker: "producer", name: keyName }];
  const { MODEL_BASE_URL } = (consumerVars ?? {}) as Record<string, unknown>;
  if (MODEL_BASE_URL) secrets.push({ worker: "consumer", name: "MODEL_API_KEY" });
  return [...secrets, ...credentials];
}

const keyBytes = 32;

export function sourceOf(
  { name }: SecretName,
  environment: Readonly<Record<string, string | undefined>>,
): Source {
  const value = environment[name];
  if (value !== undefined && value !== "") return { kind: "environment", value };
  if (name !== keyName) return { kind: "missing" };
  return { kind: "generated", value: crypto.randomBytes(keyBytes).toString("base64url") };
}
