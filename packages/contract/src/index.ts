export * from './bounds.ts'
export * from './error-domain.ts'
export * from './event-catalogue.ts'
export * from './gen/auth/v1/audit_service_pb.js'
export * from './gen/auth/v1/auth_service_pb.js'
export * from './gen/auth/v1/edge_access_pb.js'
export * from './gen/auth/v1/error_reason_pb.js'
export * from './gen/auth/v1/event_service_pb.js'
export * from './gen/auth/v1/events_pb.js'
export * from './gen/auth/v1/platform_account_service_pb.js'
export * from './gen/auth/v1/revocations_pb.js'
export * from './gen/auth/v1/sessions_pb.js'
export * from './gen/auth/v1/tokens_pb.js'
export * from './gen/auth/v1/user_service_pb.js'
export * from './gen/auth/v1/user_states_pb.js'
export { fileDescriptorSet } from './gen/descriptor-set.js'
export { http } from './gen/google/api/annotations_pb.js'
export { type HttpRule, HttpRuleSchema } from './gen/google/api/http_pb.js'
export {
  type BadRequest,
  BadRequestSchema,
  type ErrorInfo,
  ErrorInfoSchema,
  RetryInfoSchema,
} from './gen/google/rpc/error_details_pb.js'
export { type Status, StatusSchema } from './gen/google/rpc/status_pb.js'
export * from './revocation-topic.ts'
export * from './topic-policies.ts'
export * from './user-state-topic.ts'
