/** List prices of the platform in US dollars, beyond what Workers Paid includes, as published in autumn 2026. */
export const prices = {
  queueOperation: 0.4 / 1e6,
  workerRequest: 0.3 / 1e6,
  cpuMs: 0.02 / 1e6,
  d1RowWritten: 1 / 1e6,
  d1RowRead: 0.001 / 1e6,
  d1GigabyteMonth: 0.75,
  r2Write: 4.5 / 1e6,
  r2Read: 0.36 / 1e6,
  dynamicWorkerRequest: 0.3 / 1e6,
  objectRequest: 0.15 / 1e6,
  objectRowWritten: 1 / 1e6,
  /** A Durable Object bills its memory of 128 MB while it has requests. */
  objectGigabyteSecond: 12.5 / 1e6,
  logLine: 0.6 / 1e6,
} as const;

/** How operations become units that are billed. */
export const platformUnits = {
  operationsPerMessage: 3,
  messagesPerInvocation: 4,
  objectGigabytes: 0.128,
  /** CPU of one program in the sandbox. */
  programCpuMs: 5,
} as const;
