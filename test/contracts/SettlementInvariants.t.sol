// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Escrow} from "settlement/Escrow.sol";
import {Head} from "settlement/Records.sol";
import {Settlement} from "settlement/Settlement.sol";
import {Rig} from "./Rig.sol";

/**
 * @title Everything that anybody can do, in any order, beside a model of what it may do to money
 * @notice The model knows only what both parties have signed and what owners have asked for. Pairs 0 (a, b) and 1 (b, c).
 * Owner b has a daily cap of CAP from the beginning and never changes it. No step may revert: what has to be refused is tried
 * and its refusal is checked.
 */
contract SettlementSteps is Rig {
    uint64 public constant CAP = 1000;

    /// @notice What a pair must look like.
    struct Model {
        uint256 balanceA;
        uint256 balanceB;
        uint256 cumA;
        uint256 cumB;
        int256 open;
        uint64 seq;
        uint64 nonce;
        bytes32 head;
        uint256 capFrom;
        uint256 capUsed;
    }

    /// @notice A withdrawal that one side has announced.
    struct Asked {
        uint256 amount;
        uint256 from;
    }

    Model[2] private _models;
    Asked[2][2] private _asked;
    bytes32[] private _roots;
    Head private _last;
    bytes private _lastA;
    bytes private _lastB;
    uint256 private _keys = 1e6;
    /// @notice How often what was done, so that a run that does nothing shows.
    mapping(string step => uint256) public done;

    constructor() {
        _openAll();
        vm.prank(b.owner);
        target.setDailyCap(CAP);
        vm.warp(START + 7 days);
    }

    function _sides(uint256 pair) private view returns (Who memory, Who memory) {
        return pair == 0 ? (a, b) : (b, c);
    }

    // ------------------------------------------------------------------------------------------------ steps

    function deposit(uint256 pair, bool sideA, uint256 amount) external {
        (pair, amount) = (pair % 2, _between(amount, 1, 3000));
        (Who memory one, Who memory other) = _sides(pair);
        target.deposit(one.owner, other.owner, sideA, uint128(amount));
        Model storage model = _models[pair];
        if (sideA) model.balanceA += amount;
        else model.balanceB += amount;
        if (model.capFrom == 0) model.capFrom = block.timestamp;
        done["deposit"]++;
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + _between(time, 1, 12 days));
    }

    function settle(uint256 pair, uint256 growA, uint256 growB, bool partly, bool cold) external {
        pair %= 2;
        Model storage model = _models[pair];
        (Who memory one, Who memory other) = _sides(pair);
        (growA, growB) = (_between(growA, 0, 2500), _between(growB, 0, 2500));
        Head memory head = _headOf(one, other, model.seq + 1, uint128(model.cumA + growA), uint128(model.cumB + growB));
        (_lastA, _lastB) = (_sign(head, one.hot), _sign(head, other.hot));
        if (cold && pair == 0) _lastB = _sign(head, other.cold);
        if (cold && pair == 1) _lastA = _sign(head, one.cold);
        _last = head;
        int256 due = model.open + int256(growA) - int256(growB);
        uint256 owed = due >= 0 ? uint256(due) : uint256(-due);
        uint256 have = due >= 0 ? model.balanceA : model.balanceB;
        if (model.capFrom == 0) model.capFrom = block.timestamp;
        try this.send(head, _lastA, _lastB, partly) {
            _sure(partly || owed <= have, "paid more than there is");
            uint256 paid = owed < have ? owed : have;
            if (due >= 0) {
                model.balanceA -= paid;
                model.balanceB += paid;
                model.open = int256(owed - paid);
            } else {
                model.balanceB -= paid;
                model.balanceA += paid;
                model.open = -int256(owed - paid);
            }
            (model.cumA, model.cumB) = (head.cumA, head.cumB);
            (model.seq, model.head) = (head.seq, _digest(head));
            if (!cold) model.capUsed += pair == 0 ? growB : growA;
            done["settle"]++;
        } catch (bytes memory reason) {
            bool short = bytes4(reason) == Escrow.InsufficientEscrow.selector && owed > have && !partly;
            bool capped = bytes4(reason) == Settlement.DailyCapExceeded.selector && !cold;
            _sure(short || capped, "refused without a reason");
        }
    }

    function send(Head calldata head, bytes calldata sigA, bytes calldata sigB, bool partly) external {
        if (partly) target.settlePartial(head, sigA, sigB);
        else target.settle(head, sigA, sigB);
    }

    /// @notice Without both signatures, or a second time, or with lower totals, nothing goes.
    function forge(uint256 pair, uint256 how, uint256 key, uint256 growth) external {
        pair %= 2;
        Model storage model = _models[pair];
        (Who memory one, Who memory other) = _sides(pair);
        Head memory head = _headOf(one, other, model.seq + 1, uint128(model.cumA + growth % 100), uint128(model.cumB));
        (uint256 keyA, uint256 keyB) = (one.hot, other.hot);
        how %= 5;
        uint256 foreign = _between(key, 5e6, 1e12);
        if (how == 0) keyA = foreign;
        if (how == 1) keyB = foreign;
        if (how == 2) keyB = one.hot;
        if (how == 3) head.seq = model.seq;
        if (how == 4 && model.cumB == 0) return;
        if (how == 4) head.cumB -= 1;
        if (how == 3 && head.seq == 0) return;
        try this.send(head, _sign(head, keyA), _sign(head, keyB), true) {
            revert Failed("a forgery was settled");
        } catch {
            done["forge"]++;
        }
    }

    function replay() external {
        if (_last.seq == 0 || _models[_last.a == a.owner ? 0 : 1].seq < _last.seq) return;
        try this.send(_last, _lastA, _lastB, true) {
            revert Failed("a record was settled twice");
        } catch {
            done["replay"]++;
        }
    }

    function collect(uint256 pair) external {
        pair %= 2;
        Model storage model = _models[pair];
        (Who memory one, Who memory other) = _sides(pair);
        uint256 owed = model.open >= 0 ? uint256(model.open) : uint256(-model.open);
        uint256 have = model.open >= 0 ? model.balanceA : model.balanceB;
        if (owed == 0 || have == 0) return;
        target.collect(one.owner, other.owner);
        uint256 paid = owed < have ? owed : have;
        if (model.open >= 0) {
            model.balanceA -= paid;
            model.balanceB += paid;
            model.open -= int256(paid);
        } else {
            model.balanceB -= paid;
            model.balanceA += paid;
            model.open += int256(paid);
        }
        done["collect"]++;
    }

    function request(uint256 pair, bool sideA, uint256 amount) external {
        pair %= 2;
        (Who memory one, Who memory other) = _sides(pair);
        uint256 balance = sideA ? _models[pair].balanceA : _models[pair].balanceB;
        if (balance == 0) return;
        amount = _between(amount, 1, balance);
        vm.prank(sideA ? one.owner : other.owner);
        target.requestWithdraw(one.owner, other.owner, uint96(amount));
        _asked[pair][sideA ? 0 : 1] = Asked(amount, block.timestamp + 30 days);
        done["request"]++;
    }

    function cancel(uint256 pair, bool sideA) external {
        pair %= 2;
        (Who memory one, Who memory other) = _sides(pair);
        if (_asked[pair][sideA ? 0 : 1].amount == 0) return;
        vm.prank(sideA ? one.owner : other.owner);
        target.cancelWithdraw(one.owner, other.owner);
        delete _asked[pair][sideA ? 0 : 1];
    }

    /// @notice Never earlier than announced, never more, never what the side owes.
    function execute(uint256 pair, bool sideA, bool wait) external {
        pair %= 2;
        Model storage model = _models[pair];
        (Who memory one, Who memory other) = _sides(pair);
        Asked memory asked = _asked[pair][sideA ? 0 : 1];
        if (wait && block.timestamp < asked.from) vm.warp(asked.from);
        uint256 balance = sideA ? model.balanceA : model.balanceB;
        int256 owes = sideA ? model.open : -model.open;
        uint256 free = owes <= 0 ? balance : balance > uint256(owes) ? balance - uint256(owes) : 0;
        uint256 amount = asked.amount < free ? asked.amount : free;
        bool due = amount > 0 && block.timestamp >= asked.from && block.timestamp <= asked.from + 30 days;
        vm.prank(sideA ? one.owner : other.owner);
        try target.executeWithdraw(one.owner, other.owner) {
            _sure(due, "taken out too early or too late");
            if (sideA) model.balanceA -= amount;
            else model.balanceB -= amount;
            delete _asked[pair][sideA ? 0 : 1];
            done["execute"]++;
        } catch {
            _sure(!due, "a withdrawal that was due");
        }
    }

    function withdrawBoth(uint256 pair, uint256 amountA, uint256 amountB, bool hot) external {
        pair %= 2;
        Model storage model = _models[pair];
        (Who memory one, Who memory other) = _sides(pair);
        (amountA, amountB) = (_between(amountA, 0, model.balanceA), _between(amountB, 0, model.balanceB));
        if (amountA == 0 && amountB == 0) return;
        bytes memory sigA = _release(one, hot ? one.hot : one.cold, one, other, amountA, amountB, model.nonce);
        bytes memory sigB = _release(other, other.cold, one, other, amountA, amountB, model.nonce);
        try target.withdraw(
            one.owner, other.owner, uint128(amountA), uint128(amountB), model.nonce, type(uint64).max, sigA, sigB
        ) {
            _sure(!hot, "a signer let money out");
            model.balanceA -= amountA;
            model.balanceB -= amountB;
            model.nonce++;
            done["withdrawBoth"]++;
        } catch {
            _sure(hot, "both owners could not withdraw");
        }
    }

    function _release(
        Who memory,
        uint256 key,
        Who memory one,
        Who memory other,
        uint256 amountA,
        uint256 amountB,
        uint64 nonce
    ) private view returns (bytes memory) {
        return _signWithdrawal(key, one.owner, other.owner, uint128(amountA), uint128(amountB), nonce, type(uint64).max);
    }

    function rotate(uint256 who, bool stolen) external {
        Who storage party = who % 3 == 0 ? a : who % 3 == 1 ? b : c;
        if (stolen) {
            vm.prank(party.owner);
            target.revoke(party.signer);
        }
        _rotate(party, ++_keys);
        done["rotate"]++;
    }

    function commit(bytes32 root) external {
        if (root == 0) return;
        vm.prank(b.signer);
        target.commit(b.owner, uint64(_roots.length + 1), root, 1, 0, "");
        _roots.push(root);
        uint256 epoch = 1 + uint256(root) % _roots.length;
        vm.prank(b.owner);
        try target.commit(b.owner, uint64(epoch), ~root, 1, 0, "") {
            revert Failed("a root was replaced");
        } catch {
            done["commit"]++;
        }
    }

    // ------------------------------------------------------------------------------------------------ what must hold

    function checkPair(uint256 pair) external view {
        Model memory model = _models[pair];
        (Who memory one, Who memory other) = _sides(pair);
        (Escrow.Pair memory found,,) = target.pairOf(one.owner, other.owner);
        _same(found.balanceA, model.balanceA, "balanceA");
        _same(found.balanceB, model.balanceB, "balanceB");
        _same(found.cumA, model.cumA, "cumA");
        _same(found.cumB, model.cumB, "cumB");
        _sure(found.open == model.open, "open");
        _sure(found.seq == model.seq && found.head == model.head && found.withdrawals == model.nonce, "record");
    }

    function checkHeld() external view {
        uint256 sum = _models[0].balanceA + _models[0].balanceB + _models[1].balanceA + _models[1].balanceB;
        _same(token.balanceOf(address(target)), sum, "tokens held");
    }

    function checkRoots() external view {
        for (uint256 index = 0; index < _roots.length; index++)
            _sure(target.commitmentOf(b.owner, uint64(index + 1)).root == _roots[index], "root");
        _same(target.epochOf(b.owner), _roots.length, "epochs");
    }

    function checkCap() external view {
        for (uint256 pair = 0; pair < 2; pair++) {
            Model memory model = _models[pair];
            if (model.capFrom == 0) continue;
            _sure(model.capUsed * 1 days <= CAP * (block.timestamp - model.capFrom + 1 days), "cap");
        }
    }
}

/// @title What holds after any steps
contract SettlementInvariants {
    SettlementSteps private _steps;

    function setUp() public {
        _steps = new SettlementSteps();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_steps);
    }

    /// @notice No call but those that are steps.
    function targetSelectors() external view returns (FuzzSelector[] memory selectors) {
        selectors = new FuzzSelector[](1);
        bytes4[] memory steps = new bytes4[](13);
        steps[0] = SettlementSteps.deposit.selector;
        steps[1] = SettlementSteps.pass.selector;
        steps[2] = SettlementSteps.settle.selector;
        steps[3] = SettlementSteps.forge.selector;
        steps[4] = SettlementSteps.replay.selector;
        steps[5] = SettlementSteps.collect.selector;
        steps[6] = SettlementSteps.request.selector;
        steps[7] = SettlementSteps.cancel.selector;
        steps[8] = SettlementSteps.execute.selector;
        steps[9] = SettlementSteps.withdrawBoth.selector;
        steps[10] = SettlementSteps.rotate.selector;
        steps[11] = SettlementSteps.commit.selector;
        steps[12] = SettlementSteps.settle.selector;
        selectors[0] = FuzzSelector(address(_steps), steps);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @notice Money moves by what both have signed and owners have asked for, and nobody's total falls.
    function invariant_pairsAreAsTheModelHasThem() public view {
        _steps.checkPair(0);
        _steps.checkPair(1);
    }

    function invariant_balancesAreTheTokensHeld() public view {
        _steps.checkHeld();
    }

    function invariant_rootsStay() public view {
        _steps.checkRoots();
    }

    function invariant_signersStayBelowTheCap() public view {
        _steps.checkCap();
    }
}
