import { op } from "../../../protocol.ts";
import { ask } from "../../bridge.ts";
import { localesOf } from "./locale.ts";
import { plainOf } from "./values.ts";

/** Asks the host's Intl. */
export function askIntl(
  service: string,
  locales: unknown,
  options: unknown,
  method: string,
  values: unknown[],
): unknown {
  return ask(op.intl, [service, localesOf(locales), options ?? null, method, values.map(plainOf)]);
}
