const marked = /<\/?(?:think|tool_calls?|arg_key|arg_value)(:[0-9a-f]{4,16})>/;

/** What each tag of a Hunyuan 4 checkpoint ends in, such as `:6124c78e`; null where no tag has it. */
export const checkpointMark = (text: string): string | null => marked.exec(text)?.[1] ?? null;
