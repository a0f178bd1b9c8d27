/** The signature of Standard Webhooks: HMAC-SHA256 over id, time and body, under the scheme `v1`. */

const encoder = new TextEncoder();

/** `seconds` is since 1970 UTC. A secret that starts with `whsec_` is base64; any other signs with its own bytes. */
export async function webhookHeaders(
  secret: string,
  id: string,
  seconds: number,
  body: string,
): Promise<[name: string, value: string][]> {
  const key = await crypto.subtle.importKey(
    "raw",
    keyBytes(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signature = await crypto.subtle.sign(
    "HMAC",
    key,
    encoder.encode(`${id}.${seconds}.${body}`),
  );
  return [
    ["content-type", "application/json"],
    ["webhook-id", id],
    ["webhook-timestamp", String(seconds)],
    ["webhook-signature", `v1,${new Uint8Array(signature).toBase64()}`],
  ];
}

function keyBytes(secret: string): BufferSource {
  const prefix = "whsec_";
  if (!secret.startsWith(prefix)) return encoder.encode(secret);
  return Uint8Array.from(Uint8Array.fromBase64(secret.slice(prefix.length)));
}
