// The token, for as long as the tab lives: never in the address, never in a cookie, never on disk.
import { useSyncExternalStore } from 'react';
import type { ViewerPartsFragment } from '../gql/graphql';

export type Viewer = ViewerPartsFragment;

export interface Session {
  token: string;
  /** Known once the token was accepted. */
  viewer: Viewer | undefined;
  /** The server refused the token after it had been good. */
  expired: boolean;
}

const TOKEN = 'centesimo.token';
const VIEWER = 'centesimo.viewer';

const listeners = new Set<() => void>();
let session: Session | undefined = restore();

function restore(): Session | undefined {
  const token = sessionStorage.getItem(TOKEN);
  if (!token) return undefined;
  const viewer = sessionStorage.getItem(VIEWER);
  return { token, viewer: viewer ? JSON.parse(viewer) : undefined, expired: false };
}

function set(next: Session | undefined): void {
  session = next;
  if (next) sessionStorage.setItem(TOKEN, next.token);
  else sessionStorage.removeItem(TOKEN);
  if (next?.viewer) sessionStorage.setItem(VIEWER, JSON.stringify(next.viewer));
  else sessionStorage.removeItem(VIEWER);
  for (const listener of listeners) listener();
}

export const getSession = (): Session | undefined => session;

/** A token that has yet to be looked at. */
export const begin = (token: string): void => set({ token, viewer: undefined, expired: false });
export const accept = (token: string, viewer: Viewer): void => set({ token, viewer, expired: false });
export const end = (): void => set(undefined);

/** The server does not take this token any more. What is on the screen stays there. */
export function expire(token: string): void {
  if (session?.token === token && !session.expired) set({ ...session, expired: true });
}

/** The page brings the viewer along: scopes and workspaces may have changed. */
export function refresh(viewer: Viewer): void {
  if (session && JSON.stringify(session.viewer) !== JSON.stringify(viewer)) set({ ...session, viewer });
}

export function useSession(): Session | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}

/** Takes `#token=…` out of the address and of the history, and begins a session with it. */
export function takeTokenFromAddress(): void {
  const match = /^#token=([^&]*)/.exec(location.hash);
  if (!match) return;
  history.replaceState(history.state, '', `${location.pathname}${location.search}`);
  const token = decodeURIComponent(match[1] ?? '').trim();
  if (token) begin(token);
}
