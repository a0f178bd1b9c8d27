/** Text that an agent, a model or a third party wrote: shown as text and cut; a download has it whole. */
import { useMemo, useState } from "preact/hooks";
import { saveFile } from "../data/downloads.ts";
import { compact } from "../text/format.ts";
import { cutText } from "../text/visible.ts";
import { ScrollArea } from "./layout.tsx";

const firstChars = 4_000;
const moreChars = 60_000;
const lineCharsMax = 2_000;

interface UntrustedTextProps {
  text: string;
  /** The name of the file that a download saves. */
  file: string;
  label?: string;
}

export function UntrustedText({ text, file, label }: UntrustedTextProps) {
  const [charsMax, setCharsMax] = useState(firstChars);
  const cut = useMemo(() => cutText(text, charsMax, lineCharsMax), [text, charsMax]);
  if (text === "") return <p class="empty-text">empty</p>;
  return (
    <div class="hostile">
      <ScrollArea label={label ?? file}>
        <pre dir="auto">{cut.text}</pre>
      </ScrollArea>
      {cut.charsHidden > 0 && (
        <div class="hostile-more">
          <span>{compact(cut.charsHidden)} more characters</span>
          {charsMax < text.length && (
            <button type="button" class="small" onClick={() => setCharsMax(charsMax + moreChars)}>
              Show more
            </button>
          )}
          <button type="button" class="small" onClick={() => saveFile(file, text)}>
            Download
          </button>
        </div>
      )}
    </div>
  );
}

interface UntrustedSectionProps {
  title: string;
  text: string;
  file: string;
}

/** An untrusted text with a title. */
export function UntrustedSection({ title, text, file }: UntrustedSectionProps) {
  return (
    <div class="part">
      <h3>{title}</h3>
      <UntrustedText text={text} file={file} label={title} />
    </div>
  );
}
