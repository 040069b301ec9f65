/** The owner of a room, as the authentication service knows them. */
export interface Owner {
  readonly userId: string
  /** The display name. */
  readonly nickname: string
  /** `ACTIVE` or `SUSPENDED`. */
  readonly status: string
}

/** A place to talk. */
export interface Room {
  /** UUID. */
  readonly roomId: string
  readonly name: string
  readonly owner: Owner
}

/** Someone in a room. */
export interface Member {
  readonly userId: string
  readonly username: string
}

/** Something said in a room. */
export interface Message {
  readonly member: Member
  readonly text: string
}

/** What happens in a room. */
export type RoomEvent = { readonly joined: Member } | { readonly said: Message }
