"""The contract as a client sees it that is not ours: grpcio and protobuf, with code that grpcio-tools made of our protos.

Run by python-client.test.ts, which starts the service and says in AUTH_ADDRESS where it listens.
"""

import os
import unittest
import uuid

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from auth.v1 import auth_service_pb2 as auth
from auth.v1 import auth_service_pb2_grpc
from auth.v1 import tokens_pb2 as tokens
from auth.v1 import user_service_pb2 as users
from auth.v1 import user_service_pb2_grpc

PASSWORD = "correct horse battery staple"


def refusal(call):
    """The status code, ErrorInfo and BadRequest of a call that must be refused."""
    try:
        call()
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        assert status is not None, f"{error.code()} carries no details"
        info, fields = error_details_pb2.ErrorInfo(), []
        for detail in status.details:
            bad_request = error_details_pb2.BadRequest()
            if detail.Unpack(bad_request):
                fields = [violation.field for violation in bad_request.field_violations]
            elif detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                detail.Unpack(info)
        assert info.domain == "auth.immersiverse", info
        return error.code(), info, fields
    raise AssertionError("the call was answered OK")


class ContractTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.channel = grpc.insecure_channel(os.environ["AUTH_ADDRESS"])
        cls.auth = auth_service_pb2_grpc.AuthServiceStub(cls.channel)
        cls.users = user_service_pb2_grpc.UserServiceStub(cls.channel)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()

    def sign_up(self):
        name = "py" + uuid.uuid4().hex[:12]
        request = users.CreateUserRequest(username=name, email=f"{name}@example.org", password=PASSWORD)
        return self.users.CreateUser(request).user

    def log_in(self, user):
        client = tokens.ClientInfo(client_id="python", device_name="a test")
        request = auth.LoginRequest(identifier=user.username, password=PASSWORD, client=client)
        return self.auth.Login(request).tokens

    def test_sign_up_log_in_get_refresh_validate_log_out_and_validate_again(self):
        user = self.sign_up()
        self.assertEqual(user.status, users.USER_STATUS_ACTIVE)
        self.assertEqual(user.version, 1)
        pair = self.log_in(user)
        self.assertEqual(pair.token_type, "Bearer")

        read = self.users.GetUser(users.GetUserRequest(user_id=user.id)).user
        self.assertEqual((read.id, read.username, read.email), (user.id, user.username, user.email))
        self.assertTrue(read.HasField("last_login_at"))

        after = self.auth.RefreshToken(auth.RefreshTokenRequest(refresh_token=pair.refresh_token)).tokens
        self.assertNotEqual(after.refresh_token, pair.refresh_token)
        self.assertEqual(after.session_id, pair.session_id)

        question = auth.ValidateTokenRequest(access_token=after.access_token)
        answer = self.auth.ValidateToken(question)
        self.assertTrue(answer.valid)
        self.assertEqual(answer.principal.user_id, user.id)
        self.assertEqual(answer.principal.client_id, "python")

        self.auth.Logout(auth.LogoutRequest(access_token=after.access_token))
        answer = self.auth.ValidateToken(question)
        self.assertFalse(answer.valid)
        self.assertEqual(answer.reason, tokens.VALIDATION_REASON_REVOKED)
        self.assertFalse(answer.HasField("principal"))

    def test_many_questions_over_one_stream(self):
        pair = self.log_in(self.sign_up())
        question = auth.ValidateTokenRequest(access_token=pair.access_token)
        broken = auth.ValidateTokenRequest(access_token="nothing")
        batches = [auth.ValidateTokensRequest(correlation_id=n, requests=[question, broken]) for n in range(1, 6)]
        answers = list(self.auth.ValidateTokens(iter(batches)))
        self.assertEqual(sorted(answer.correlation_id for answer in answers), [1, 2, 3, 4, 5])
        for answer in answers:
            self.assertEqual([one.valid for one in answer.responses], [True, False])

    def test_a_refusal_says_why_in_its_details(self):
        code, info, fields = refusal(lambda: self.users.CreateUser(users.CreateUserRequest(username="x")))
        self.assertEqual(code, grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(info.reason, "INVALID_FIELD")
        self.assertEqual(fields, ["username", "email", "password"])

        wrong = auth.LoginRequest(identifier="nobody", password="a wrong password")
        code, info, _ = refusal(lambda: self.auth.Login(wrong))
        self.assertEqual((code, info.reason), (grpc.StatusCode.UNAUTHENTICATED, "INVALID_CREDENTIALS"))

        user = self.sign_up()
        stale = users.UpdateUserRequest(user_id=user.id, display_name="Mina", expected_version=7)
        code, info, _ = refusal(lambda: self.users.UpdateUser(stale))
        self.assertEqual((code, info.reason), (grpc.StatusCode.ABORTED, "VERSION_MISMATCH"))
        self.assertEqual(dict(info.metadata), {"version": "1"})

    def test_optional_fields_tell_empty_from_not_given(self):
        user = self.sign_up()
        update = users.UpdateUserRequest(user_id=user.id, subscription_tier="PREMIUM")
        self.assertEqual(self.users.UpdateUser(update).user.subscription_tier, "PREMIUM")
        untouched = self.users.UpdateUser(users.UpdateUserRequest(user_id=user.id)).user
        self.assertEqual((untouched.subscription_tier, untouched.version), ("PREMIUM", 2))
        cleared = users.UpdateUserRequest(user_id=user.id, subscription_tier="")
        self.assertEqual(self.users.UpdateUser(cleared).user.subscription_tier, "")


if __name__ == "__main__":
    unittest.main()
