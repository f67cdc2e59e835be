"""The ledger written a second time, as plain loops over plain numbers, to compare the compiled one with."""

from __future__ import annotations

import math

import numpy as np

from augury.portfolio.backtest import Account, Costs, Market
from augury.portfolio.backtest.ledger import impact_scale

DUST = 1e-9


def plain_ledger(market: Market, targets: np.ndarray, costs: Costs, account: Account, in_shares: bool = False):
    """Return (daily rows of equity, cash, costs by kind), and the trades as (day, symbol, shares, price)."""
    prices = market.open if account.fill == "open" else market.close
    impact = impact_scale(market, costs.impact) if costs.impact else None
    slip, rate, least = costs.slippage_bps / 1e4, costs.commission_bps / 1e4, costs.commission_min
    days, symbols = targets.shape
    last_bar = [
        max((d for d in range(days) if market.close[d, s] == market.close[d, s]), default=-1) for s in range(symbols)
    ]
    cash, held, mark = account.capital, [0.0] * symbols, [0.0] * symbols
    waiting: dict[int, float] = {}
    daily, trades, gone = [], [], False

    def trade(day, s, delta, price, with_impact=True):
        nonlocal cash
        scale = impact[day, s] if impact is not None and with_impact else 0.0
        value = abs(delta) * price
        move = scale * math.sqrt(value)
        paid = price * (1 + math.copysign(slip + move, delta))
        commission = max(rate * abs(delta) * paid, least)
        cash -= delta * paid + commission
        paid_by_kind["commission"] += commission
        paid_by_kind["slippage"] += value * slip
        paid_by_kind["impact"] += value * move
        trades.append((day, s, delta, paid))

    def price_with_costs(day, s, delta):
        value = delta * prices[day, s]
        scale = impact[day, s] if impact is not None else 0.0
        return value * (1 + slip + scale * math.sqrt(value))

    for day in range(days):
        paid_by_kind = dict.fromkeys(("commission", "slippage", "impact", "borrow"), 0.0)
        if day:
            short = sum(-h * m for h, m in zip(held, mark, strict=True) if h * m < 0)
            owed = (
                (short + max(0.0, -cash))
                * costs.borrow_rate
                * (market.ts[day] - market.ts[day - 1]).total_seconds()
                / 86400
                / 365
            )
            paid_by_kind["borrow"], cash = owed, cash - owed
            for s in range(symbols):
                if held[s] and last_bar[s] < day:
                    trade(day, s, -held[s], mark[s], with_impact=False)
                    held[s] = 0.0
            for s in range(symbols):
                if not math.isnan(targets[day - 1, s]):
                    waiting[s] = targets[day - 1, s]
                if gone:
                    waiting[s] = 0.0
                if last_bar[s] < day:
                    waiting.pop(s, None)
            at = [prices[day, s] if not math.isnan(prices[day, s]) else mark[s] for s in range(symbols)]
            equity = cash + sum(h * p for h, p in zip(held, at, strict=True))
            asked = {s: 0.0 if equity <= 0 else w * (at[s] if in_shares else equity) for s, w in waiting.items()}
            aims = {
                s: asked[s] / at[s]
                for s in sorted(asked)
                if not math.isnan(prices[day, s]) and (impact is None or not math.isnan(impact[day, s]))
            }
            gross = sum(abs(asked[s] if s in aims else held[s] * at[s]) for s in range(symbols))
            net = sum(asked.get(s, held[s] * at[s]) for s in range(symbols))
            waiting = {s: w for s, w in waiting.items() if s not in aims and account.no_bar == "wait"}
            room = equity / account.margin
            scale = room / gross if gross > room * (1 + DUST) and room > 0 else 1.0
            net *= scale
            if account.whole_shares:
                aims = {s: float(math.trunc(a * scale + math.copysign(DUST, a))) for s, a in aims.items()}
            else:
                aims = {s: a * scale for s, a in aims.items()}
            aims = {s: a for s, a in aims.items() if a == 0.0 or abs(a - held[s]) * prices[day, s] >= DUST * equity}
            for s, aim in aims.items():
                if aim < held[s]:
                    trade(day, s, aim - held[s], prices[day, s])
                    held[s] = aim
            buys = {s: a for s, a in aims.items() if a > held[s]}
            each = [price_with_costs(day, s, a - held[s]) for s, a in buys.items()]
            cost = sum(one + max(rate * one, least) for one in each)
            allowed = cash + max(0.0, net - equity)
            if buys and cost > allowed + DUST * abs(allowed):
                part = max(0.0, allowed / cost)
                if rate * min(each) * part < least:
                    part = max(0.0, (allowed - len(buys) * least) / (sum(each) * (1 + rate)))
                buys = {s: held[s] + part * (a - held[s]) for s, a in buys.items()}
                if account.whole_shares:
                    buys = {s: float(math.floor(a + DUST)) for s, a in buys.items()}
            for s, aim in buys.items():
                if aim > held[s]:
                    trade(day, s, aim - held[s], prices[day, s])
                    held[s] = aim
        mark = [c if not math.isnan(c) else m for c, m in zip(market.close[day], mark, strict=True)]
        equity = cash + sum(h * m for h, m in zip(held, mark, strict=True))
        gone = gone or equity <= 0
        daily.append((cash + sum(h * m for h, m in zip(held, mark, strict=True)), cash, *paid_by_kind.values()))
    return np.array(daily), trades
