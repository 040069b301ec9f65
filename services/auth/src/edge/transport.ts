/** Where a call came in. */
export type Transport = 'grpc' | 'edge' | 'admin'
