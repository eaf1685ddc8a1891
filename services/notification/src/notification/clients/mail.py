"""A mail server, over a connection that is used for many mails."""

import asyncio
import contextlib
import socket
import time
from dataclasses import dataclass

import aiosmtplib

from notification.domain.messages import Outcome, Recipient, Step, outcome_of
from notification.settings import Settings

_CLOSING = 421  # "service not available, closing transmission channel"


class ServerUnreachableError(Exception):
    """No conversation with the mail server is possible now; ``reason`` is a code for logs and people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Verdict:
    """What the mail server made of one mail; ``reason`` is a code, ``answer`` the server's own words."""

    outcome: Outcome
    reason: str | None = None
    code: int | None = None
    answer: str | None = None


class _LostError(Exception):
    """The connection broke; ``named`` tells whether the server knew by then which mail it was about."""

    def __init__(self, *, named: bool) -> None:
        super().__init__("lost")
        self.named = named


class MailServer:
    """One connection to the mail server, opened when there is something to send."""

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting."""
        self._settings = settings
        self._client: aiosmtplib.SMTP | None = None
        self._sent = 0
        self._used_at = 0.0

    async def send(self, mail: bytes, *, return_path: str, to: Recipient) -> Verdict:
        """Hand one mail over; raise ``ServerUnreachableError`` when it could not even be offered.

        A verdict of ``DEFERRED`` with the reason ``connection-lost`` may mean that the server has the mail and nobody
        knows: it goes again under the same ``Message-ID``.
        """
        # A server may close a connection that was idle; one fresh try tells whether it is really away.
        for fresh in (False, True):
            reused = await self._connected()
            try:
                return await self._offer(mail, return_path, to)
            except _LostError as error:
                if error.named:
                    return Verdict(Outcome.DEFERRED, "connection-lost")
                if fresh or not reused:
                    break
        raise ServerUnreachableError("connection-lost")

    async def _offer(self, mail: bytes, return_path: str, to: Recipient) -> Verdict:
        client = self._client
        assert client is not None  # noqa: S101 - send() has connected
        if to.needs_utf8 and not client.supports_extension("smtputf8"):
            return Verdict(Outcome.REFUSED, "address-needs-smtputf8")
        step = Step.SENDER
        try:
            async with asyncio.timeout(self._settings.mail_seconds):
                options = ["SMTPUTF8", "BODY=8BITMIME"] if to.needs_utf8 else []
                await client.mail(return_path, options=options, encoding="utf-8" if to.needs_utf8 else "ascii")
                step = Step.RECIPIENT
                await client.rcpt(to.address, encoding="utf-8" if to.needs_utf8 else "ascii")
                step = Step.CONTENT
                answer = await client.data(mail)
        except aiosmtplib.SMTPResponseException as error:
            return await self._refused(step, error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self._drop()
            raise _LostError(named=step is not Step.SENDER) from error
        self._sent += 1
        self._used_at = time.monotonic()
        return Verdict(Outcome.DELIVERED, code=answer.code, answer=answer.message)

    async def _refused(self, step: Step, code: int, message: str) -> Verdict:
        if code == _CLOSING and step is Step.SENDER:
            self._drop()
            raise ServerUnreachableError("server-busy")
        if code == _CLOSING:
            self._drop()
        else:
            await self._reset()
        return Verdict(outcome_of(step, code), f"{step}-refused", code, message)

    async def _reset(self) -> None:
        assert self._client is not None  # noqa: S101 - called in a conversation
        self._used_at = time.monotonic()
        try:
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self._drop()

    async def _connected(self) -> bool:
        """Make sure that there is a connection; tell whether it is one that was used before."""
        if self._client is not None:
            idle = time.monotonic() - self._used_at > self._settings.smtp_idle
            if self._client.is_connected and not idle and self._sent < self._settings.smtp_mails_per_connection:
                return True
            await self.close()
        self._client = await self._connect()
        self._sent = 0
        self._used_at = time.monotonic()
        return False

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            # The library's own default asks the name service, and that may hang.
            local_hostname=settings.local_hostname or socket.gethostname(),
            timeout=settings.smtp_timeout,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            validate_certs=settings.smtp_verify,
        )
        try:
            async with asyncio.timeout(settings.mail_seconds):
                await client.connect()
                await _greet(client)
        except aiosmtplib.SMTPAuthenticationError as error:
            client.close()
            raise ServerUnreachableError("sign-in-refused") from error
        except aiosmtplib.SMTPResponseException as error:
            client.close()
            raise ServerUnreachableError("server-refused") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise ServerUnreachableError("server-unreachable") from error
        return client

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def close(self) -> None:
        """Say goodbye, if there is somebody to say it to."""
        if self._client is not None and self._client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(2):
                    await self._client.quit()
        self._drop()


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Introduce ourselves, unless signing in has done so already; also to a server that knows no extensions."""
    if not client.is_ehlo_or_helo_needed:
        return
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()
