// Sandboxes, the workspace, tools, MCP servers and skills.

/** One run of the agent's code in a sandbox. */
export const sandboxLimits = {
  codeBytesMax: 256_000,
  fuelMax: 500_000_000,
  memoryBytesMax: 64_000_000,
  /** The total growth of all running programs: the isolate around them has 128 MB. */
  sharedMemoryBytesMax: 100_000_000,
  /** About 13,000 nested calls; Node permits 11,000. */
  stackBytesMax: 2_500_000,
  /** After how much of it a call continues on another stack of the platform, which holds some 2,000 calls. */
  stackPieceBytes: 150_000,
  logBytesMax: 100_000,
  valueBytesMax: 100_000,
  searchValueBytesMax: 4_000_000,
  /** A workspace up to this size is sent with the run; a larger one is fetched when the run starts. */
  inlineFilesBytesMax: 64_000,
  hostCallsInFlightMax: 16,
  hostCallsMax: 1_000,
  /** Arguments, bodies and files that the pending calls of one program may hold. */
  hostCallBytesMax: 16_000_000,
  wallMsMax: 60_000,
  /** How long a program may wait for the interpreter, which runs four at a time. */
  admissionMsMax: 300_000,
  /** How long after its deadline a run may return before its engine counts as hung. */
  graceMs: 30_000,
  programsAtOnceMax: 4,
  /** 64 KiB pages of a fresh interpreter: its data, its stack and the prelude's heap. */
  bootPages: 152,
  errorBytesMax: 10_000,
  timersMax: 10_000,
  sleepMsMax: 2_000,
  /** With the interpreter's Worker, the 4 Dynamic Workers that an invocation may hold. */
  nativeAtOnceMax: 3,
  nativePollMs: 20,
  nativeCpuMsMax: 10_000,
  /** How long a container may take to start, in addition to the run's own limit. */
  vmStartMsMax: 90_000,
  nativeSubRequestsMax: 10,
} as const;

/** One script of run_bash. The interpreter counts; the platform's CPU limit stops native work. */
export const bashLimits = {
  scriptCharsMax: 100_000,
  scriptsAtOnceMax: 4,
  fileSystemBytesMax: 32_000_000,
  cpuMsMax: 10_000,
  subRequestsMax: 10,
  graceMs: 1_000,
  execution: {
    maxCommandCount: 20_000,
    maxLoopIterations: 100_000,
    maxCallDepth: 100,
    maxAwkIterations: 100_000,
    maxSedIterations: 10_000,
    maxJqIterations: 100_000,
    maxOutputSize: 1_000_000,
    maxStringLength: 10_000_000,
    maxLiveBytes: 48_000_000,
    maxInputBytes: 32_000_000,
    maxFileSystemBytes: 32_000_000,
    maxArrayElements: 100_000,
    maxHeredocSize: 1_000_000,
    maxBraceExpansionResults: 10_000,
    maxGlobOperations: 100_000,
  },
} as const;

/** The files of one task. */
export const workspaceLimits = {
  filesMax: 1_000,
  bytesMax: 16_000_000,
  fileBytesMax: 8_000_000,
  callsAtOnceMax: 5,
  pathCharsMax: 512,
  /** File names that one step may change; all are in memory until the step ends. */
  namesPerStepMax: 10_000,
  /** What one read or listing shows; with its last line it stays under `toolOutputCharsMax`. */
  readCharsMax: 19_000,
  readLinesMax: 2_000,
  patternCharsMax: 1_000,
  matchesShownMax: 100,
  matchCharsMax: 160,
  searchPartChars: 500_000,
  namesShownMax: 20,
} as const;

/** Input and output of the tools over bindings. */
export const toolLimits = {
  browserMsMax: 30_000,
  screenshotPixels: { width: 1280, height: 800 },
  aiAnswerBytesMax: 10_000_000,
  imagePromptCharsMax: 2_000,
  imageDollarsUnknown: 0.1,
  sqlCharsMax: 20_000,
  sqlParametersMax: 100,
  sqlRowsMax: 200,
  sqlNoteChars: 200,
  vectorQueryCharsMax: 2_000,
  vectorMatchesDefault: 5,
  vectorMatchesMax: 20,
  /** `vectorQueryCharsMax` characters at the price of the most expensive embedding model. */
  embeddingDollars: 0.0005,
  addressCharsMax: 320,
  subjectCharsMax: 200,
  mailCharsMax: 100_000,
} as const;

/** What is read from an MCP server: its tool list and its replies. */
export const mcpLimits = {
  callMsMax: 60_000,
  pagesMax: 10,
  listedMax: 500,
  toolsPerServerMax: 64,
  nameCharsMax: 256,
  shownNameCharsMax: 64,
  descriptionCharsMax: 1_000,
  fieldCharsMax: 300,
  schemaCharsMax: 10_000,
  partsMax: 100,
  errorCharsMax: 500,
} as const;

/** The skills of one task. */
export const skillLimits = {
  filesMax: 200,
  bytesMax: 2_000_000,
  frontMatterCharsMax: 8_000,
  nameCharsMax: 64,
  descriptionCharsMax: 500,
} as const;

/** The producer's cache of the consumer's tool list. */
export const toolListLimits = {
  requestMsMax: 5_000,
  cacheMs: 30_000,
  tenantsCachedMax: 1_000,
} as const;
