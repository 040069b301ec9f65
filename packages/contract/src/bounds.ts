/**
 * Sizes that the contract states, in one place. Characters are Unicode code points; bytes are UTF-8.
 */
export const bounds = Object.freeze({
  /** Bytes of a request message; batches (`ValidateTokens`) take more. */
  messageBytes: 64 * 1024,
  batchMessageBytes: 1024 * 1024,
  /** Requests in one message of the `ValidateTokens` stream. */
  validateBatch: 256,
  /** Bytes of an access token; larger ones are MALFORMED before they are decoded. */
  accessTokenBytes: 8 * 1024,
  refreshTokenBytes: 512,
  usernameMin: 2,
  usernameMax: 32,
  emailMax: 254,
  displayNameMax: 64,
  passwordMaxBytes: 1024,
  identifierMax: 254,
  clientIdMax: 64,
  deviceNameMax: 128,
  deviceTokenMax: 256,
  audienceMax: 256,
  userAgentMax: 256,
  requiredRoles: 32,
  roles: 32,
  roleMax: 64,
  tierMax: 32,
  /** Ids in one `BatchGetUsers`. */
  batchUsers: 100,
  /** Users on a page of `ListUsers`, at most and where the caller names no size. */
  userPage: 500,
  userPageDefault: 50,
  pageTokenMax: 256,
  /** Rows on a page of `ListAuditEvents`, at most and where the caller names no size. */
  auditPage: 500,
  auditPageDefault: 50,
  /** Actions that one `ListAuditEvents` asks for, and characters of an actor's id. */
  auditActions: 32,
  auditActorMax: 512,
  topics: 64,
  positionMax: 128,
  platformMax: 32,
  redirectUriMax: 512,
  authCodeMax: 4096,
  platformStateMax: 256,
})
