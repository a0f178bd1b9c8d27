import { op } from "../../protocol.ts";
import type { Operation } from "./operation.ts";

/** The cost of formatting a value; most of it is the transfer. */
function priceOf(values: readonly unknown[]): number {
  const args = values[4];
  let units = 150;
  for (const value of Array.isArray(args) ? args : []) {
    if (typeof value === "string") units += value.length;
    else if (typeof value === "object" && value !== null)
      units += JSON.stringify(value).length * 10;
  }
  return units;
}

export const intlOperations: Record<number, Operation> = {
  [op.intl]: {
    price: priceOf,
    perform: (values, _bytes, { intl }) => ({ value: intl.answer(values) }),
  },
  [op.sort]: {
    price: ([, , list]) => {
      if (!Array.isArray(list)) return 0;
      const chars = list.reduce<number>((sum, text) => sum + String(text).length, 0);
      return list.length * Math.ceil(Math.log2(list.length + 2)) * 30 + chars;
    },
    perform: (values, _bytes, { intl }) => ({ value: intl.sort(values) }),
  },
};
