/** SPEND_PER_DAY_USD: what each tenant may spend from 00:00 UTC on, as one number or by tenant. */

/** Dollars a day, or null where nothing is set. */
export type SpendCeiling = (tenant: string) => number | null;

export type CeilingRead = { ok: true; ceilingOf: SpendCeiling } | { ok: false; message: string };

/** The tenants that no other entry names. */
const others = "*";

/**
 * Reads `5`, or `acme=20,beta=2.5,*=5`. Strict: a ceiling that is not understood is refused whole, because
 * one that is silently not applied would be found on the bill.
 */
export function readSpendCeiling(text: string | undefined): CeilingRead {
  if (text === undefined || text.trim() === "") return { ok: true, ceilingOf: () => null };
  const ceilings = new Map<string, number>();
  for (const entry of text.split(",")) {
    const [tenant = "", amount] = entry.includes("=") ? entry.split("=", 2) : [others, entry];
    const dollars = Number(amount);
    const name = tenant.trim();
    if (name === "" || amount?.trim() === "" || !Number.isFinite(dollars) || dollars < 0) {
      const message = `SPEND_PER_DAY_USD: ${JSON.stringify(entry.trim())} is no ceiling; write dollars a day, such as 5, or acme=20,*=5.`;
      return { ok: false, message };
    }
    if (ceilings.has(name)) {
      return { ok: false, message: `SPEND_PER_DAY_USD: ${JSON.stringify(name)} stands twice.` };
    }
    ceilings.set(name, dollars);
  }
  return { ok: true, ceilingOf: (tenant) => ceilings.get(tenant) ?? ceilings.get(others) ?? null };
}
