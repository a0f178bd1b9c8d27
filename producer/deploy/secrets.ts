/** Which secrets a deployment needs, and where a missing one comes from. */
import crypto from "node:crypto";

/** A secret of one Worker. */
export interface Wanted {
  worker: "producer" | "consumer";
  name: string;
}

export type Source =
  /** It stands in the environment of the deploy. */
  | { kind: "given"; value: string }
  /** It is made here and shown once. */
  | { kind: "made"; value: string }
  /** Nobody but the operator knows it: until it is set, what needs it is denied. */
  | { kind: "missing" };

/**
 * The fleet's own key, the key of the endpoint where the consumer's vars name one, and the credentials that
 * the shipped policies inject or sign with.
 */
export function wantedSecrets(policySecrets: readonly string[], consumerVars: unknown): Wanted[] {
  const credentials = policySecrets.map(
    (name): Wanted => ({ worker: "consumer", name: `SECRET_${name}` }),
  );
  const wanted: Wanted[] = [{ worker: "producer", name: "FLEET_API_KEY" }];
  const { MODEL_BASE_URL } = (consumerVars ?? {}) as Record<string, unknown>;
  if (MODEL_BASE_URL) wanted.push({ worker: "consumer", name: "MODEL_API_KEY" });
  return [...wanted, ...credentials];
}

const keyBytes = 32;

export function sourceOf(
  { name }: Wanted,
  environment: Readonly<Record<string, string | undefined>>,
): Source {
  const given = environment[name];
  if (given !== undefined && given !== "") return { kind: "given", value: given };
  if (name !== "FLEET_API_KEY") return { kind: "missing" };
  return { kind: "made", value: crypto.randomBytes(keyBytes).toString("base64url") };
}
