/** The result of one try of a row of the outbox. */
import { err, type Result } from "../../shared/result.ts";

/** `isFinal`: another try cannot help, or could deliver a second time. */
export interface TryFailure {
  message: string;
  isFinal: boolean;
}

export type TryResult = Result<void, TryFailure>;

export const failedTry = (message: string): TryResult => err({ message, isFinal: false });
export const failedFinally = (message: string): TryResult => err({ message, isFinal: true });
