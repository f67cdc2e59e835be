/* The cash ledger of a backtest: one account over all symbols, one day after another.
 *
 * A day: borrow falls due on what was short (or lent) overnight; what was delisted is closed at its
 * last close; what was decided at the close before is filled, sales first; all is marked at the close.
 * Sums run in the order of the symbols: the same bits on every machine.
 */
#include "ledger.h"

#include <math.h>

const char *augury_ledger_source = SOURCE_HASH;

/* A change below one part in a billion of the equity is rounding, not an order. */
#define DUST 1e-9
#define KNOWN(x) ((x) == (x))

typedef struct {
    const Ledger *l;
    double *shares, *mark, *pending, *wanted; /* wanted: shares to hold; NaN: nothing to do */
    int32_t *sales, *purchases;               /* symbols to trade today */
    int64_t sold, bought, trades;
    double cash;
    int gone; /* the equity was 0 or below at a close: all is closed out, for good */
} Account;

typedef struct { double equity, gross, net, cost; } Orders;

static double larger(double a, double b) { return a > b ? a : b; }

static double rounded(const Ledger *l, double shares) {
    return l->whole ? trunc(shares + copysign(DUST, shares)) : shares;
}

static double moved(const Ledger *l, int64_t day, int64_t s, double value) {
    return l->impact ? l->impact[day * l->symbols + s] * sqrt(fabs(value)) : 0.0;
}

static double fee(const Ledger *l, double value) {
    return larger(l->commission * value, l->commission_min);
}

/* Bring some symbols to what is wanted of them, at `price` before slippage and impact. */
static void trade(Account *a, int64_t day, const int32_t *which, int64_t count, const double *price, double side) {
    const Ledger *l = a->l;
    double cash = a->cash, traded = 0.0, commissions = 0.0, slipped = 0.0, impacts = 0.0;
    for (int64_t k = 0; k < count; k++) {
        int64_t s = which[k];
        double delta = a->wanted[s] - a->shares[s], value = fabs(delta) * price[s];
        double impact = moved(l, day, s, value), paid = price[s] * (1.0 + side * (l->slippage + impact));
        double commission = fee(l, fabs(delta) * paid);
        double *row = l->trade + (a->trades + k) * TRADE;
        cash -= delta * paid + commission;
        row[SHARES] = delta;
        row[PRICE] = paid;
        row[TRADE_COMMISSION] = commission;
        row[TRADE_SLIPPAGE] = value * l->slippage;
        row[TRADE_IMPACT] = value * impact;
        traded += value;
        commissions += commission;
        slipped += value * l->slippage;
        impacts += value * impact;
        l->trade_day[a->trades + k] = (int32_t)day;
        l->trade_symbol[a->trades + k] = (int32_t)s;
        a->shares[s] = a->wanted[s];
    }
    double *sums = l->daily + day * DAILY;
    sums[TRADED] += traded;
    sums[COMMISSION] += commissions;
    sums[SLIPPAGE] += slipped;
    sums[IMPACT] += impacts;
    a->cash = cash;
    a->trades += count;
}

static void accrue(Account *a, int64_t day) {
    double *sums = a->l->daily + day * DAILY;
    double owed = sums[SHORT - DAILY] + larger(0.0, -a->cash);
    sums[BORROW] = owed * a->l->borrow * a->l->elapsed[day] / 365.0;
    a->cash -= sums[BORROW];
}

/* The price is the last close; its own trade moves it no further. */
static void close_delisted(Account *a, int64_t day) {
    const Ledger *l = a->l;
    for (int32_t s = 0; s < l->symbols; s++) {
        if (a->shares[s] == 0.0 || l->last_bar[s] >= day) continue;
        Ledger plain = *l;
        plain.impact = 0;
        a->wanted[s] = 0.0;
        a->l = &plain;
        trade(a, day, &s, 1, a->mark, a->shares[s] < 0.0 ? 1.0 : -1.0);
        a->l = l;
    }
}

/* Take up the decisions of the day before; say whether any order is open. */
static int collect(Account *a, int64_t day) {
    const double *decided = a->l->target + (day - 1) * a->l->symbols;
    int open = 0;
    for (int64_t s = 0; s < a->l->symbols; s++) {
        double aim = KNOWN(decided[s]) ? decided[s] : a->pending[s];
        aim = a->l->last_bar[s] < day ? NAN : a->gone ? 0.0 : aim;
        open |= KNOWN(aim);
        a->pending[s] = aim;
    }
    return open;
}

static double equity_at(const Account *a, const double *price) {
    double equity = a->cash;
    for (int64_t s = 0; s < a->l->symbols; s++)
        equity += a->shares[s] * (KNOWN(price[s]) ? price[s] : a->mark[s]);
    return equity;
}

/* How many shares of each symbol are wanted; an order that cannot fill waits or is dropped. */
static Orders want(Account *a, int64_t day, const double *price, double equity) {
    const Ledger *l = a->l;
    const double *impact = l->impact ? l->impact + day * l->symbols : price;
    Orders o = {equity, 0.0, 0.0, 0.0};
    for (int64_t s = 0; s < l->symbols; s++) {
        int known = KNOWN(price[s]), fills = known && KNOWN(impact[s]) && KNOWN(a->pending[s]);
        double at = known ? price[s] : a->mark[s], held = a->shares[s] * at;
        double asked = a->pending[s] * (equity > 0.0 ? l->in_shares ? at : equity : 0.0), aim = asked / at;
        o.gross += fabs(fills ? asked : held);
        /* What is asked for, filled or not: a sale that must wait lends nothing to purchases. */
        o.net += KNOWN(a->pending[s]) ? asked : held;
        a->wanted[s] = fills ? aim : NAN;
        a->pending[s] = fills || !l->waits ? NAN : a->pending[s];
    }
    return o;
}

/* Round, cut to the margin, and list who is sold and who is bought. */
static void list_orders(Account *a, const double *price, Orders *o) {
    const Ledger *l = a->l;
    double room = l->leverage_max * o->equity;
    double scale = o->gross > room * (1.0 + DUST) && room > 0.0 ? room / o->gross : 1.0;
    o->net *= scale;
    a->sold = a->bought = 0;
    for (int32_t s = 0; s < l->symbols; s++) {
        double aim = rounded(l, a->wanted[s] * scale), delta = aim - a->shares[s];
        int real = aim == 0.0 || fabs(delta) * price[s] >= DUST * o->equity; /* false where nothing is wanted */
        a->wanted[s] = aim;
        a->sales[a->sold] = s;
        a->sold += real & (delta < 0.0);
        a->purchases[a->bought] = s;
        a->bought += real & (delta > 0.0);
    }
}

/* Cash for purchases: what is there, and what weights beyond 1 ask to borrow. */
static void afford(Account *a, int64_t day, const double *price, const Orders *o) {
    const Ledger *l = a->l;
    double cash = a->cash + larger(0.0, o->net - o->equity), cost = 0.0, paid = 0.0, least = INFINITY;
    for (int64_t k = 0; k < a->bought; k++) {
        int64_t s = a->purchases[k];
        double value = (a->wanted[s] - a->shares[s]) * price[s];
        double one = value * (1.0 + l->slippage + moved(l, day, s, value));
        cost += one + fee(l, one);
        paid += one;
        least = one < least ? one : least;
    }
    if (cost <= cash + DUST * fabs(cash)) return;
    double part = larger(0.0, cash / cost);
    /* Where the least commission binds, put it aside for every purchase. */
    if (l->commission * least * part < l->commission_min)
        part = larger(0.0, (cash - (double)a->bought * l->commission_min) / (paid * (1.0 + l->commission)));
    int64_t kept = 0;
    for (int64_t k = 0; k < a->bought; k++) {
        int32_t s = a->purchases[k];
        double aim = a->shares[s] + part * (a->wanted[s] - a->shares[s]);
        a->wanted[s] = l->whole ? floor(aim + DUST) : aim;
        a->purchases[kept] = s;
        kept += a->wanted[s] > a->shares[s];
    }
    a->bought = kept;
}

static void fill(Account *a, int64_t day) {
    const double *price = a->l->fill + day * a->l->symbols;
    Orders o = want(a, day, price, equity_at(a, price));
    list_orders(a, price, &o);
    trade(a, day, a->sales, a->sold, price, -1.0);
    afford(a, day, price, &o);
    trade(a, day, a->purchases, a->bought, price, 1.0);
}

static void mark(Account *a, int64_t day) {
    const double *close = a->l->close + day * a->l->symbols;
    double *sums = a->l->daily + day * DAILY, above = 0.0, below = 0.0;
    for (int64_t s = 0; s < a->l->symbols; s++) {
        double price = KNOWN(close[s]) ? close[s] : a->mark[s], value = a->shares[s] * price;
        a->mark[s] = price;
        above += value > 0.0 ? value : 0.0;
        below += value < 0.0 ? value : 0.0;
    }
    sums[EQUITY] = a->cash + above + below;
    sums[CASH] = a->cash;
    sums[LONG] = above;
    sums[SHORT] = 0.0 - below;
    a->gone |= sums[EQUITY] <= 0.0;
}

/* Returns the number of trades. `work` and `daily` come zeroed. */
int64_t augury_ledger_run(const Ledger *l) {
    int64_t n = l->symbols;
    Account a = {l, l->work, l->work + n, l->work + 2 * n, l->work + 3 * n, l->listed, l->listed + n + 1, 0, 0, 0, l->cash, 0};
    for (int64_t s = 0; s < n; s++) a.pending[s] = NAN;
    for (int64_t day = 0; day < l->days; day++) {
        if (day) {
            accrue(&a, day);
            close_delisted(&a, day);
            if (collect(&a, day)) fill(&a, day);
        }
        mark(&a, day);
    }
    return a.trades;
}
