// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {DevEuro} from "settlement/DevEuro.sol";
import {Body, Head} from "settlement/Records.sol";
import {Settlement} from "settlement/Settlement.sol";

/// @title The cheat codes of forge that are used here
interface Vm {
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function prank(address sender) external;
    function warp(uint256 time) external;
    function blobhashes(bytes32[] calldata hashes) external;
    function expectRevert(bytes calldata reason) external;
    function expectEmit(bool one, bool two, bool three, bool data) external;
}

/**
 * @title A settlement contract with three parties, and everything that is signed, computed without the contract's own code
 * @notice `a` < `b` < `c`. The digests are spelled out from the published types, so that a wrong type in the contract shows.
 */
contract Rig {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint64 internal constant START = 1_800_000_000;
    address internal constant REGISTRAR = address(0xBEEF);

    /// @notice A party with both its keys.
    struct Who {
        address owner;
        uint256 cold;
        address signer;
        uint256 hot;
    }

    DevEuro internal token;
    Settlement internal target;
    Who internal a;
    Who internal b;
    Who internal c;

    error Failed(string what);

    function _open() internal {
        vm.warp(START);
        token = new DevEuro(address(this), 1e24);
        target = new Settlement(IERC20(address(token)), REGISTRAR);
        token.approve(address(target), type(uint256).max);
        Who[3] memory all = [_who(1), _who(2), _who(3)];
        for (uint256 turn = 0; turn < 3; turn++)
            if (all[turn % 2].owner > all[(turn % 2) + 1].owner)
                (all[turn % 2], all[(turn % 2) + 1]) = (all[(turn % 2) + 1], all[turn % 2]);
        a = all[0];
        b = all[1];
        c = all[2];
    }

    function _openAll() internal {
        _open();
        _register(a);
        _register(b);
        _register(c);
    }

    function _who(uint256 index) internal pure returns (Who memory) {
        (uint256 cold, uint256 hot) = (index * 1000 + 1, index * 1000 + 2);
        return Who(vm.addr(cold), cold, vm.addr(hot), hot);
    }

    function _register(Who memory who) internal {
        bytes memory pop = _pop(who.owner, who.hot);
        vm.prank(REGISTRAR);
        target.register(who.owner, who.signer, pop);
    }

    function _rotate(Who storage who, uint256 key) internal {
        bytes memory pop = _pop(who.owner, key);
        vm.prank(who.owner);
        target.rotate(vm.addr(key), pop);
        (who.signer, who.hot) = (vm.addr(key), key);
    }

    // ------------------------------------------------------------------------------------------------ records

    /// @notice A record of a and b whose period ends now.
    function _head(uint64 seq, uint128 cumA, uint128 cumB) internal view returns (Head memory) {
        return _headOf(a, b, seq, cumA, cumB);
    }

    function _headOf(Who memory one, Who memory other, uint64 seq, uint128 cumA, uint128 cumB) internal view returns (Head memory) {
        return Head(one.owner, other.owner, seq, START, uint64(block.timestamp), cumA, cumB, _bodyHash(_body(seq, one.owner)));
    }

    function _body(uint64 seq, address payer) internal pure returns (Body memory) {
        return Body(keccak256(abi.encode(seq)), 1, payer, START, -5, 7, bytes32("prices"), bytes32("terms"), bytes32("ref"), 0);
    }

    // ------------------------------------------------------------------------------------------------ what is signed

    function _digest(Head memory head) internal view returns (bytes32) {
        string memory body = "Body(bytes32 salt,uint8 kind,address payer,uint64 time,int64 wh,uint128 amount,bytes32 prices,bytes32 agreement,bytes32 ref,bytes32 prev)";
        string memory record = "Record(address a,address b,uint64 seq,uint64 start,uint64 end,uint128 cumA,uint128 cumB,Body body)";
        bytes32 types = keccak256(bytes(string.concat(record, body)));
        return _typed(
            keccak256(
                bytes.concat(
                    abi.encode(types, head.a, head.b, head.seq, head.start, head.end),
                    abi.encode(head.cumA, head.cumB, head.bodyHash)
                )
            )
        );
    }

    function _bodyHash(Body memory body) internal pure returns (bytes32) {
        bytes32 types = keccak256(
            "Body(bytes32 salt,uint8 kind,address payer,uint64 time,int64 wh,uint128 amount,bytes32 prices,bytes32 agreement,bytes32 ref,bytes32 prev)"
        );
        return keccak256(
            bytes.concat(
                abi.encode(types, body.salt, body.kind, body.payer, body.time, body.wh),
                abi.encode(body.amount, body.prices, body.agreement, body.ref, body.prev)
            )
        );
    }

    function _typed(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Smart-MLA Settlement"),
                keccak256("1"),
                block.chainid,
                address(target)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _sign(Head memory head, uint256 key) internal view returns (bytes memory) {
        return _signature(key, _digest(head));
    }

    function _pop(address owner, uint256 key) internal view returns (bytes memory) {
        return _signature(key, _typed(keccak256(abi.encode(keccak256("PossessionProof(address owner)"), owner))));
    }

    function _signWithdrawal(
        uint256 key,
        address one,
        address other,
        uint128 amountA,
        uint128 amountB,
        uint64 nonce,
        uint64 deadline
    ) internal view returns (bytes memory) {
        bytes32 types = keccak256(
            "Withdrawal(address a,address b,uint128 amountA,uint128 amountB,uint64 nonce,uint64 deadline)"
        );
        return _signature(key, _typed(keccak256(abi.encode(types, one, other, amountA, amountB, nonce, deadline))));
    }

    function _signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // ------------------------------------------------------------------------------------------------ assertions

    function _same(uint256 found, uint256 expected, string memory what) internal pure {
        if (found != expected) revert Failed(what);
    }

    function _sure(bool condition, string memory what) internal pure {
        if (!condition) revert Failed(what);
    }

    function _between(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + (value % (most - least + 1));
    }
}
