/** Secrets that must not leak, and the encodings in which they are searched. */
export interface Canaries {
  /** The secrets by the variable that holds them. */
  vars: Record<string, string>;
  values: readonly string[];
}

export function createCanaries(seed: number): Canaries {
  const orders = `canary-orders-${seed}-q8Zr/3+hT7w`;
  const webhook = `canary-webhook-${seed}-Lm2/9+xVb4`;
  const vars = { SECRET_ORDERS_TOKEN: orders, SECRET_WEBHOOK: webhook };
  return { vars, values: Object.values(vars) };
}

/** A value in plain text, hex, URL encoding, and both base64 alphabets at each of three offsets. */
export function encodingsOf(value: string): string[] {
  const bytes = new TextEncoder().encode(value);
  const spellings = [value, bytes.toHex(), bytes.toHex().toUpperCase(), encodeURIComponent(value)];
  for (let shift = 0; shift < 3; shift++) {
    const moved = new Uint8Array(shift + bytes.length);
    moved.set(bytes, shift);
    for (const alphabet of ["base64", "base64url"] as const) {
      // The first and the last characters depend on the bytes around the value.
      const text = moved.toBase64({ alphabet }).replace(/=+$/, "");
      spellings.push(text.slice(shift === 0 ? 0 : 4, -4));
    }
  }
  return spellings;
}

/** The values that a text contains in any encoding. */
export function findLeaks(text: string, values: readonly string[]): string[] {
  return values.filter((value) => encodingsOf(value).some((spelling) => text.includes(spelling)));
}
