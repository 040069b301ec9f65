/**
 * Runs `action` while no other process on this machine holds the lock file `path`, waiting for its turn. The lock
 * of a process that is gone, or older than 15 minutes, does not count. `onWait` is called once when it has to wait.
 */
export declare function withLock<Result>(
  path: string,
  action: () => Promise<Result>,
  onWait?: () => void,
): Promise<Result>
