/** What every part of a test run can do: a real server that is stopped, killed, frozen and started again at will. */
export interface Part extends AsyncDisposable {
  /** Ends the server with `signal`, SIGKILL by default, and resolves when it is gone; its data stay. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Freezes the server: connections stay open and nothing answers. */
  pause(): Promise<void>
  /** Lets a frozen server go on. */
  resume(): void
  /** Stops the server in good order; its data stay. */
  stop(): Promise<void>
  /** Starts a stopped or killed server on the same port and data, and resolves when it serves. */
  start(): Promise<void>
  /** Stops the server in good order and starts it again. */
  restart(): Promise<void>
  /** Stops the server and removes its folder. */
  close(): Promise<void>
}
