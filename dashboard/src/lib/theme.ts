// Light or dark: as the system has it, unless the reader chose; kept on this device.
import { useSyncExternalStore } from 'react';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'centesimo.theme';
const listeners = new Set<() => void>();

const isTheme = (text: string | null | undefined): text is Theme => THEMES.some((known) => known === text);

function kept(): Theme {
  const text = localStorage.getItem(KEY);
  return isTheme(text) ? text : 'auto';
}

const notify = (): void => {
  for (const listener of listeners) listener();
};

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  applyTheme();
  notify();
}

/** Before the first paint, so that nothing flashes. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = kept();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, kept);
