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
      messages: 0,
      d1RowsWritten: 0,
      d1RowsRead: 0,
      d1Calls: 0,
      r2Writes: 0,
      r2Reads: 0,
      governorRequests: 0,
      governorRows: 0,
      logLines: 0,
      modelCalls: 0,
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
      messages: 0,
      d1RowsWritten: 0,
      d1RowsRead: 0,
      d1Calls: 0,
      r2Writes: 0,
      r2Reads: 0,
      governorRequests: 0,
      governorRows: 0,
      logLines: 0,
      modelCalls: 0,
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
      messages: 0,
      d1RowsWritten: 0,
      d1RowsRead: 0,
      d1Calls: 0,
      r2Writes: 0,
      r2Reads: 0,
      governorRequests: 0,
      governorRows: 0,
      logLines: 0,
      modelCalls: 0,
      programs: 7,
      cpuMs: 55,
      storedBytes: 2_918,
    },
  },
];
