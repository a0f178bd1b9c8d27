import type { Explanations } from "../../transform/explain.ts";
import type { Workspace } from "../workspace.ts";
import type { IntlServices } from "./intl_services.ts";

/** What the operations of one run can use. */
export interface Context {
  workspace: Workspace;
  /** True where no file of the workspace may be imported. */
  dataOnly: boolean;
  intl: IntlServices;
  explanations: Explanations;
  /** Takes fuel; throws when the gauge is empty. */
  charge(units: number): void;
  fuelLeft(): number;
}

/** A long text is sent as it is, a value as JSON, and bytes and undefined unchanged. */
export type Answer = Uint8Array | undefined | { text: string } | { value: unknown };

/**
 * What the isolate does for a program natively. Its price is what the work can cost, by the size of what
 * goes in, and is taken before; what comes out is paid for by its length. An operation whose output is not
 * bounded by its input bounds it by the fuel that is left.
 */
export interface Operation {
  price(values: readonly unknown[], bytes: Uint8Array): number;
  perform(values: readonly unknown[], bytes: Uint8Array, context: Context): Answer;
}
