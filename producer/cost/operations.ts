/**
 * What one task uses of the platform, measured: test/consumer/cost.test.ts runs these tasks with real D1 and the
 * real consumer, counts, and fails where a figure here is wrong. `npm run cost` prices them.
 */

export interface Operations {
  /** Queue messages, the first one included. */
  messages: number;
  d1RowsWritten: number;
  d1RowsRead: number;
  d1Calls: number;
  r2Writes: number;
  r2Reads: number;
  governorRequests: number;
  governorRows: number;
  /** Log lines, with the steps of one task in ten. */
  logLines: number;
  modelCalls: number;
  /** Programs in the sandbox: each tool call of these tasks is priced as one. */
  programs: number;
  /** Estimated. */
  cpuMs: number;
  /** Bytes of the settled task in D1. */
  storedBytes: number;
}

export interface Shape {
  name: string;
  /** Model calls that succeed. */
  calls: number;
  callSeconds: number;
  refusedShare: number;
  operations: Operations;
}

/** Calls a minute of one model, Workers AI's default: what the governor's memory is billed for. */
export const callsPerMinute = 300;

export const shapes: readonly Shape[] = [
  {
    name: "one step",
    calls: 1,
    callSeconds: 1,
    refusedShare: 0,
    operations: {
      messages: 1,
      d1RowsWritten: 14.08,
      d1RowsRead: 47.33,
      d1Calls: 3.2,
      r2Writes: 1,
      r2Reads: 0,
      governorRequests: 1.58,
      governorRows: 0.05,
      logLines: 1.1,
      modelCalls: 1,
      programs: 0,
      cpuMs: 10,
      storedBytes: 1_690,
    },
  },
  {
    name: "seven calls of 30 s",
    calls: 7,
    callSeconds: 30,
    refusedShare: 0,
    operations: {
      messages: 1,
      d1RowsWritten: 32,
      d1RowsRead: 78,
      d1Calls: 12,
      r2Writes: 1,
      r2Reads: 0,
      governorRequests: 8,
      governorRows: 1.17,
      logLines: 2.3,
      modelCalls: 7,
      programs: 7,
      cpuMs: 50,
      storedBytes: 2_918,
    },
  },
  {
    name: "seven calls, a fifth refused",
    calls: 7,
    callSeconds: 30,
    refusedShare: 0.2,
    operations: {
      messages: 9.88,
      d1RowsWritten: 61.75,
      d1RowsRead: 400.5,
      d1Calls: 39.63,
      r2Writes: 1,
      r2Reads: 0,
      governorRequests: 31.13,
      governorRows: 6.13,
      logLines: 11.34,
      modelCalls: 8.63,
      programs: 7,
      cpuMs: 55,
      storedBytes: 2_918,
    },
  },
];
