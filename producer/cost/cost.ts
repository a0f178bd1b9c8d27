/** The price of operations, as values. */
import { callsPerMinute, type Operations } from "./operations.ts";
import { platformUnits, prices } from "./prices.ts";

export interface CostLine {
  part: string;
  /** Dollars for a million tasks. */
  dollars: number;
}

/** What a million such tasks cost, with their rows kept for a number of days. */
export function costOfMillion(used: Operations, retentionDays: number): CostLine[] {
  const million = 1e6;
  const each = (part: string, dollars: number): CostLine => ({ part, dollars: dollars * million });
  const governorSeconds = (used.modelCalls * 60) / callsPerMinute;
  const gigabytes = used.storedBytes / 1e9;
  return [
    each("Queues", used.messages * platformUnits.operationsPerMessage * prices.queueOperation),
    each(
      "Workers: requests",
      (used.messages / platformUnits.messagesPerInvocation) * prices.workerRequest,
    ),
    each("Workers: CPU", used.cpuMs * prices.cpuMs),
    each("D1: rows written", used.d1RowsWritten * prices.d1RowWritten),
    each("D1: rows read", used.d1RowsRead * prices.d1RowRead),
    each("D1: storage", gigabytes * (retentionDays / 30) * prices.d1GigabyteMonth),
    each("R2", used.r2Writes * prices.r2Write + used.r2Reads * prices.r2Read),
    each(
      "Dynamic Workers",
      used.programs * (prices.dynamicWorkerRequest + platformUnits.programCpuMs * prices.cpuMs),
    ),
    each("governor: requests", used.governorRequests * prices.objectRequest),
    each("governor: rows written", used.governorRows * prices.objectRowWritten),
    each(
      "governor: memory",
      governorSeconds * platformUnits.objectGigabytes * prices.objectGigabyteSecond,
    ),
    each("Workers Logs", used.logLines * prices.logLine),
  ];
}

export const sumOf = (lines: readonly CostLine[]): number =>
  lines.reduce((sum, { dollars }) => sum + dollars, 0);
