/** Light or dark: the system's setting, until the user chooses. The choice is stored in the browser. */
export type Theme = "system" | "light" | "dark";

const storageKey = "flotilla.theme";
export const themes: readonly Theme[] = ["system", "light", "dark"];
const listeners = new Set<() => void>();

export function readTheme(): Theme {
  const storedTheme = localStorage.getItem(storageKey);
  return themes.find((theme) => theme === storedTheme) ?? "system";
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(storageKey, theme);
  applyTheme();
  for (const listener of listeners) listener();
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = readTheme();
}

/** Calls the listener when the colours change, by choice or by the system. Returns what removes it. */
export function onThemeChange(listener: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  listeners.add(listener);
  system.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener("change", listener);
  };
}
