"""A shop: its API takes orders, Celery works them off, beat ticks, a front end stands at /."""

import os
import time

import redis
from celery import Celery
from flask import Flask

VERSION = os.environ["VERSION"]
store = redis.Redis("redis", decode_responses=True)
jobs = Celery("shop", broker="redis://redis/0")
jobs.conf.broker_connection_retry_on_startup = True
jobs.conf.worker_prefetch_multiplier = 1
jobs.conf.beat_schedule = {"tick": {"task": "tick", "schedule": 1.0, "args": [VERSION]}}
api, ui = Flask("api"), Flask("ui")


@jobs.task(name="order")
def order(number):
    """Work off one order; a second time would show. The first takes until it is let go."""
    while number == 0 and not store.exists("let-go"):
        time.sleep(0.1)
    store.rpush("done", f"{number} {VERSION}")


@jobs.task(name="tick")
def tick(version):
    """What the scheduler asks for once a second."""
    store.rpush("ticks", version)


@api.get("/api/version")
def version():
    """Which release answers."""
    store.ping()
    return {"version": VERSION}


@api.post("/api/orders/<int:number>")
def take(number):
    """Take an order."""
    order.delay(number)
    return {"version": VERSION}, 202


@api.post("/api/let-go")
def let_go():
    """Have the first order be done."""
    store.set("let-go", 1)
    return {"version": VERSION}


@api.get("/api/<any(done, ticks):kind>")
def told(kind):
    """What was done: NUMBER VERSION for each order, or VERSION for each tick."""
    return store.lrange(kind, 0, -1)


@ui.get("/")
def page():
    """The front end."""
    return f"<h1>shop</h1><p>version {VERSION}</p>"
