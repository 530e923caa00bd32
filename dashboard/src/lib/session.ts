// The token: for as long as the tab lives, or on this device when the reader asked to stay; never in the address,
// never in a cookie.
import { useSyncExternalStore } from 'react';
import type { ViewerPartsFragment } from '../gql/graphql';

export type Viewer = ViewerPartsFragment;

export interface Session {
  token: string;
  /** Known once the token was accepted. */
  viewer: Viewer | undefined;
  /** The server refused the token after it had been good. */
  expired: boolean;
  /** Kept on this device until the reader signs out, rather than in this tab. */
  stays: boolean;
}

const TOKEN = 'centesimo.token';
const VIEWER = 'centesimo.viewer';

const listeners = new Set<() => void>();
let session: Session | undefined = restore();

/** The tab's own token goes before the device's: a link opens what it is for. */
function restore(): Session | undefined {
  for (const storage of [sessionStorage, localStorage]) {
    const token = storage.getItem(TOKEN);
    if (!token) continue;
    const viewer = storage.getItem(VIEWER);
    return {
      token,
      viewer: viewer ? JSON.parse(viewer) : undefined,
      expired: false,
      stays: storage === localStorage,
    };
  }
  return undefined;
}

function set(next: Session | undefined): void {
  const home = next?.stays === true ? localStorage : sessionStorage;
  if (home === localStorage) write(sessionStorage, undefined);
  write(home, next);
  session = next;
  notify();
}

/** The device's token goes only where it is asked to: a link that is opened in one tab leaves it where it is. */
function leaveDevice(): void {
  if (session?.stays === true) write(localStorage, undefined);
}

function write(storage: Storage, next: Session | undefined): void {
  keep(storage, TOKEN, next?.token);
  keep(storage, VIEWER, next?.viewer ? JSON.stringify(next.viewer) : undefined);
}

const keep = (storage: Storage, key: string, text: string | undefined): void =>
  text === undefined ? storage.removeItem(key) : storage.setItem(key, text);

const notify = (): void => {
  for (const listener of listeners) listener();
};

/** Signed out in one tab is signed out in all that share the device's token. */
export function followOtherTabs(): void {
  addEventListener('storage', ({ key, newValue }) => {
    if (key !== TOKEN || (session && !session.stays)) return;
    if (newValue === null) session = undefined;
    else if (newValue !== session?.token) session = restore();
    notify();
  });
}

export const getSession = (): Session | undefined => session;

/** A token that has yet to be looked at. */
export const begin = (token: string): void => set({ token, viewer: undefined, expired: false, stays: false });
export const accept = (token: string, viewer: Viewer, stays: boolean): void =>
  set({ token, viewer, expired: false, stays });

export function stay(stays: boolean): void {
  if (!session) return;
  if (!stays) leaveDevice();
  set({ ...session, stays });
}

export function end(): void {
  leaveDevice();
  set(undefined);
}

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
