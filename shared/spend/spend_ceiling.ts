/** SPEND_PER_DAY_USD: what each tenant may spend per day (00:00 UTC), as one number or by tenant. */
import { err, ok, type Result } from "../result.ts";

/** Dollars per day; null without a ceiling. */
export type SpendCeiling = (tenant: string) => number | null;

/** All tenants without their own entry. */
const wildcard = "*";

/**
 * Reads `5`, or `acme=20,beta=2.5,*=5`. Strict: an invalid entry rejects the whole value, because a ceiling
 * that is silently ignored would show up on the bill.
 */
export function readSpendCeiling(text: string | undefined): Result<SpendCeiling, string> {
  if (text === undefined || text.trim() === "") return ok(() => null);
  const ceilings = new Map<string, number>();
  for (const entry of text.split(",")) {
    const [tenant = "", amount] = entry.includes("=") ? entry.split("=", 2) : [wildcard, entry];
    const dollars = Number(amount);
    const name = tenant.trim();
    if (name === "" || amount?.trim() === "" || !Number.isFinite(dollars) || dollars < 0) {
      const message = `SPEND_PER_DAY_USD: ${JSON.stringify(entry.trim())} is not a ceiling; write dollars per day, such as 5, or acme=20,*=5.`;
      return err(message);
    }
    if (ceilings.has(name)) {
      return err(`SPEND_PER_DAY_USD: ${JSON.stringify(name)} appears twice.`);
    }
    ceilings.set(name, dollars);
  }
  return ok((tenant) => ceilings.get(tenant) ?? ceilings.get(wildcard) ?? null);
}
