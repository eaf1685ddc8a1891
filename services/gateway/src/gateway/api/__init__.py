"""The gateway's own API: one file per resource."""

from fastapi import APIRouter

from gateway.api import me, roles, tokens, users

ROUTERS: tuple[APIRouter, ...] = (me.router, users.router, roles.router, tokens.router)
